import { type TenantId, limits } from '@writ/domain';
import { type EventRecord, type Ledger, type LedgerRecord, closeOpenDecisions } from '@writ/ledger';
import type { Clock } from '@writ/platform';
import type { EndedWriter, OpenPermit, SweeperStore } from '@writ/postgres';
import type { LogContexts } from './log-contexts.js';
import { newRecordId } from './record-id.js';

export interface SweeperParts {
  readonly store: SweeperStore;
  /** Of this process's own enrolled writer. */
  readonly ledger: Ledger;
  readonly logs: LogContexts;
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}

const permitsAtOnce = 100;

/**
 * Closes what nobody else will: writers that fell silent are lost, and every permit that an ended writer left open gets
 * one outcome. Whether its prompt left cannot be known, and the outcome does not pretend to. Returns how many it closed.
 */
export async function sweep(parts: SweeperParts): Promise<number> {
  let closed = 0;
  await parts.store.alone(async () => {
    for (const writer of await parts.store.loseSilentWriters())
      parts.onProblem(`the writer ${writer} fell silent and is lost`);
    for (const writer of await parts.store.writersToSweep()) {
      // oxlint-disable-next-line no-await-in-loop -- one writer after the other, so that each is swept whole
      closed += await sweepWriter(writer, parts);
    }
  });
  return closed;
}

async function sweepWriter(writer: EndedWriter, parts: SweeperParts): Promise<number> {
  const { store, onProblem } = parts;
  let closed = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each look follows the outcomes of the one before it
    const open = await store.openPermits(writer.id, permitsAtOnce);
    if (open.length === 0) break;
    // oxlint-disable-next-line no-await-in-loop -- as above
    const done = await closePermits(writer, open, parts);
    closed += done;
    if (done < open.length) {
      onProblem(`${open.length - done} decisions of ${writer.id} could not be closed yet`);
      return closed;
    }
  }
  await store.markSwept(writer.id);
  return closed;
}

async function closePermits(writer: EndedWriter, open: readonly OpenPermit[], parts: SweeperParts): Promise<number> {
  const nowMs = parts.clock.nowMs();
  const states = [{ writer: writer.id, lastHeartbeatAt: writer.lastHeartbeatAt, state: writer.state }];
  const outcomes = closeOpenDecisions(open, states, nowMs, () => newRecordId(nowMs));
  const first = new Map<TenantId, OpenPermit>();
  for (const permit of open) if (!first.has(permit.tenant)) first.set(permit.tenant, permit);
  const lost =
    writer.state === 'lost' ? [...first.values()].map((permit) => ({ permit, record: writerLost(writer, nowMs) })) : [];
  await Promise.all(lost.map(({ permit, record }) => commit(permit, record, parts)));
  const byRequest = new Map(open.map((permit) => [permit.request, permit]));
  const done = await Promise.all(
    outcomes.map(async (record) => {
      const permit = byRequest.get(record.request);
      return permit !== undefined && (await commit(permit, record, parts));
    }),
  );
  return done.filter(Boolean).length;
}

async function commit(permit: OpenPermit, record: LedgerRecord, parts: SweeperParts): Promise<boolean> {
  try {
    const log = await parts.logs(permit);
    const receipt = await parts.ledger.commit(log, record, { level: 'committed', deadlineMs: limits.outcomeCommitMs });
    if (!receipt.ok) parts.onProblem(`${record.kind} for ${permit.origin}: ${receipt.error}`);
    return receipt.ok;
  } catch (cause) {
    parts.onProblem(`${record.kind} for ${permit.origin}: ${String(cause)}`);
    return false;
  }
}

function writerLost(writer: EndedWriter, nowMs: number): EventRecord {
  return {
    kind: 'event',
    id: newRecordId(nowMs),
    name: 'writer.lost',
    actor: 'sweeper',
    fields: { w: writer.id, lastHeartbeatAt: writer.lastHeartbeatAt },
  };
}
