import { type RecordId, type TenantId, limits, tenantOfJob } from '@writ/domain';
import type { EventRecord, Ledger, LedgerStore } from '@writ/ledger';
import type { Clock } from '@writ/platform';
import { type PlanePool, type RetentionStore, originOf, withExport } from '@writ/postgres';
import { JobFailed } from './jobs/runtime.js';
import type { LogContexts } from './log-contexts.js';
import { newRecordId } from './record-id.js';

export interface RetentionParts {
  /** Login `writ_exporter`: finds what has expired. */
  readonly reading: PlanePool;
  /** Login `writ_retention`: deletes it, by the order and by nothing else. */
  readonly retention: RetentionStore;
  readonly ledger: Ledger;
  /** Tells when the order stands in the tree. */
  readonly store: Pick<LedgerStore, 'inclusion'>;
  readonly logs: LogContexts;
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}

const recordsAtOnce = 1_000;
const sequencedWithinMs = 30_000;

/**
 * Prunes what has outlived its retention class: first the order, as a record that the tree holds, then the deletions that
 * it covers, window by window. Killed in between, the next turn writes another order and goes on; nothing is deleted
 * that no order in the log covers. Returns how many records went. Throws `JobFailed` while the order cannot be written, and
 * when `signal` tells it to stop.
 */
export async function retain(tenant: TenantId, parts: RetentionParts, signal?: AbortSignal): Promise<number> {
  const range = await withExport(parts.reading, tenantOfJob(tenant), (reader) => reader.expired());
  if (range === undefined) return 0;
  const order = await writeOrder(tenant, range, parts);
  let pruned = 0;
  for (let after: number | undefined = range.from; after !== undefined;) {
    if (signal?.aborted === true) throw new JobFailed('the pruning was told to stop; it goes on later');
    // oxlint-disable-next-line no-await-in-loop -- small transactions, one after the other
    const window = await parts.retention.prune(tenant, order, after, recordsAtOnce);
    pruned += window.records;
    after = window.next;
  }
  return pruned;
}

/**
 * Carries out every order to erase that stands in the log, again and again: keys that a restore of the database brought back
 * are gone with the next turn. What a hold covers stays until it is released. Returns how many keys were destroyed. An order
 * that cannot be carried out yet keeps no other one waiting; then it throws `JobFailed`.
 */
export async function eraseByOrders(tenant: TenantId, parts: EraseParts): Promise<number> {
  let destroyed = 0;
  let waiting = 0;
  for (const order of await withExport(parts.reading, tenantOfJob(tenant), (reader) => reader.erasureOrders())) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one order after the other
      destroyed += await eraseByOrder(tenant, order, parts);
    } catch (cause) {
      waiting += 1;
      parts.onProblem(`the order ${order} to erase could not be carried out yet: ${String(cause)}`);
    }
  }
  if (waiting > 0) throw new JobFailed(`${waiting} orders to erase could not be carried out yet`);
  return destroyed;
}

/** The same for one order. Rejects while it does not stand in the tree. */
export async function eraseByOrder(
  tenant: TenantId,
  order: RecordId,
  { retention }: Pick<EraseParts, 'retention'>,
): Promise<number> {
  return (await retention.erase(tenant, order, recordsAtOnce)).erased;
}

type EraseParts = Pick<RetentionParts, 'reading' | 'retention' | 'onProblem'>;

async function writeOrder(
  tenant: TenantId,
  range: { readonly from: number; readonly to: number },
  { ledger, store, logs, clock, reading }: RetentionParts,
): Promise<EventRecord['id']> {
  const origin = await originOf(reading, tenant);
  if (origin === undefined) throw new JobFailed('the tenant has no log', false);
  const id = newRecordId(clock.nowMs());
  const order: EventRecord = { kind: 'event', id, name: 'retention.prune', actor: 'worker', fields: { ...range } };
  const log = await logs({ tenant, origin });
  const receipt = await ledger.commit(log, order, { level: 'committed', deadlineMs: limits.outcomeCommitMs });
  if (!receipt.ok) throw new JobFailed(`the order to prune could not be recorded: ${receipt.error}`);
  if ((await store.inclusion?.(tenant, id, sequencedWithinMs)) !== undefined) return id;
  throw new JobFailed('the order to prune was not sequenced in time');
}
