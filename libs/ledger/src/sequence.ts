import { type RecordId, type Result, err, ok } from '@writ/domain';
import { concat, splitHashes } from './bytes.js';
import { signCheckpoint } from './checkpoint.js';
import { CompactRange, hashLeaf } from './merkle.js';
import type { LogSigner } from './signer.js';

/** The newest tree batch of a log, as the sequencer reads it back. */
export interface LogHead {
  readonly origin: string;
  readonly size: number;
  /** Compact range of `size` leaves, leftmost first, 32 bytes each. */
  readonly frontier: Uint8Array;
  readonly root: Uint8Array;
  /** `seq_ts` of the newest batch, ms. */
  readonly sequencedAt: number;
}

/** A committed record whose stored bytes were read back from the database: those are hashed, never a copy in memory. */
export interface CommittedLeaf {
  readonly record: RecordId;
  readonly leaf: Uint8Array;
  /** `<writer>/<lane>`, and the number of the record in that lane, as they stand beside it. */
  readonly writer: string;
  readonly writerSequence: number;
}

/** The highest number of each writer's lane that is known to stand in a log. A lane that is not named may have any. */
export type SequencedLanes = ReadonlyMap<string, number>;

/** One INSERT-only row of the tree. */
export interface TreeBatch {
  /** -1 on the genesis row. */
  readonly firstIndex: number;
  readonly sizeAfter: number;
  readonly leafHashes: Uint8Array;
  readonly records: readonly RecordId[];
  /** Compact range BEFORE this batch. */
  readonly frontier: Uint8Array;
  readonly root: Uint8Array;
  readonly note: string;
  readonly sequencedAt: number;
}

export interface Sequenced {
  readonly batch: TreeBatch;
  readonly head: LogHead;
  /** Once the batch is durable. */
  readonly lanes: SequencedLanes;
  /** How far the clock stands behind the previous batch, when that is more than a second: worth a `clock.anomaly`. */
  readonly clockBehindMs?: number;
}

/**
 * `clock-stopped`: time went back by more than a minute, so nothing is signed. `head-broken`: the stored head contradicts itself.
 * `writer-went-back`: a record would stand in the tree behind a later one of its writer's lane, which no verifier accepts.
 */
export type SequenceFault = 'clock-stopped' | 'head-broken' | 'nothing-to-sequence' | 'writer-went-back';

export const maximumBatchLeaves = 4_096;
/** Lanes of one log that are remembered: two for each process that writes it, and those that ended. */
const lanesRemembered = 256;

/** The first row of a log: the empty tree, signed. */
export function genesis(origin: string, key: LogSigner, nowMs: number): Sequenced {
  const root = new CompactRange().root();
  const none = new Uint8Array();
  const note = signCheckpoint({ origin, size: 0, root }, key);
  return {
    batch: {
      firstIndex: -1,
      sizeAfter: 0,
      leafHashes: none,
      records: [],
      frontier: none,
      root,
      note,
      sequencedAt: nowMs,
    },
    head: { origin, size: 0, frontier: none, root, sequencedAt: nowMs },
    lanes: new Map(),
  };
}

/**
 * Appends committed leaves to a log's tree and signs the checkpoint. A batch in which a writer's lane goes back, or behind
 * `lanesBefore`, is refused: the store gives them in order, and this is the second wall. Pure: the caller inserts the row, and lets the
 * signature leave its memory only after that INSERT's COMMIT is known; a lost race is a unique violation there.
 */
export function sequence(
  head: LogHead,
  leaves: readonly CommittedLeaf[],
  key: LogSigner,
  nowMs: number,
  lanesBefore: SequencedLanes = new Map(),
): Result<Sequenced, SequenceFault> {
  if (leaves.length === 0) return err('nothing-to-sequence');
  const range = CompactRange.from(head.size, splitHashes(head.frontier));
  if (!range || Buffer.compare(range.root(), head.root) !== 0) return err('head-broken');
  const clockBehindMs = head.sequencedAt - nowMs;
  if (clockBehindMs > 60_000) return err('clock-stopped');
  const lanes = lanesAfter(lanesBefore, leaves);
  if (!lanes) return err('writer-went-back');
  const hashes = leaves.map(({ leaf }) => hashLeaf(leaf));
  for (const hash of hashes) range.append(hash);
  const sequencedAt = Math.max(nowMs, head.sequencedAt + 1);
  const root = range.root();
  const note = signCheckpoint({ origin: head.origin, size: range.size, root }, key);
  return ok({
    batch: {
      firstIndex: head.size,
      sizeAfter: range.size,
      leafHashes: concat(hashes),
      records: leaves.map(({ record }) => record),
      frontier: head.frontier,
      root,
      note,
      sequencedAt,
    },
    head: { origin: head.origin, size: range.size, frontier: concat(range.frontier()), root, sequencedAt },
    lanes,
    ...(clockBehindMs > 1_000 ? { clockBehindMs } : {}),
  });
}

/** Undefined when a number is not above the one before it. A gap is the verifier's to judge: a record may be absent by order. */
function lanesAfter(before: SequencedLanes, leaves: readonly CommittedLeaf[]): SequencedLanes | undefined {
  const lanes = new Map(before);
  for (const { writer, writerSequence } of leaves) {
    const last = lanes.get(writer);
    if (last !== undefined && writerSequence <= last) return undefined;
    lanes.delete(writer);
    lanes.set(writer, writerSequence);
    const [oldest] = lanes.keys();
    if (lanes.size > lanesRemembered && oldest !== undefined) lanes.delete(oldest);
  }
  return lanes;
}
