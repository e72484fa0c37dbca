import { type RecordId, type RequestId, limits } from '@writ/domain';
import type { OutcomeRecord } from './record.js';

/** A permit that no outcome follows yet, as the worker reads it from the store. */
export interface OpenDecision {
  readonly request: RequestId;
  readonly decision: RecordId;
  /** Leaf hash, hex. */
  readonly decisionLeaf: string;
  /** Leaf hashes, hex, in the order of attempts. */
  readonly dispatchLeaves: readonly string[];
  /** Writer id, with or without lane. */
  readonly writer: string;
  readonly committedAt: number;
  /** True when this tenant's rules demand a dispatch record before every attempt, so that none means no egress. */
  readonly egressIsRecorded: boolean;
}

export interface WriterState {
  readonly writer: string;
  readonly lastHeartbeatAt: number;
  /** A closed writer wrote its farewell; a lost one fell silent. Either writes no more. */
  readonly state: 'active' | 'closed' | 'lost';
}

/** Writers that fell silent: each becomes a `writer.lost` event, and intake refuses it from then on. */
export function lostWriters(writers: readonly WriterState[], nowMs: number): readonly string[] {
  return writers
    .filter((writer) => writer.state === 'active' && nowMs - writer.lastHeartbeatAt > limits.writerSilenceMs)
    .map((writer) => writer.writer);
}

/**
 * The outcomes that close what nobody else will. A decision is closed when its writer is gone, never while its writer
 * lives: a long stream is not an orphan. Unless every egress is recorded, the sweeper cannot know whether the prompt
 * left, and must not pretend to: `indeterminate`. Whoever calls marks writers lost first, so that intake refuses them, and
 * reads what is open afterwards: else a real outcome slips in between.
 */
export function closeOpenDecisions(
  decisions: readonly OpenDecision[],
  writers: readonly WriterState[],
  nowMs: number,
  newRecordId: () => RecordId,
): readonly OutcomeRecord[] {
  const lost = new Set(lostWriters(writers, nowMs));
  const live = new Set(
    writers.filter(({ state, writer }) => state === 'active' && !lost.has(writer)).map(({ writer }) => writer),
  );
  return decisions
    .filter(({ writer }) => !live.has(writerOfLane(writer)))
    .map((open) => ({
      kind: 'outcome',
      id: newRecordId(),
      request: open.request,
      decisionLeaf: open.decisionLeaf,
      dispatchLeaves: open.dispatchLeaves,
      result: open.egressIsRecorded && open.dispatchLeaves.length === 0 ? 'not-dispatched' : 'indeterminate',
      attempts: [],
      phasesMs: {},
      handedToSocketBytes: 0,
    }));
}

/** `gw-1/3` is lane 3 of the writer `gw-1`. */
export function writerOfLane(lane: string): string {
  const slash = lane.indexOf('/');
  return slash < 0 ? lane : lane.slice(0, slash);
}
