import { type Result, type TenantId, limits } from '@writ/domain';
import type { PreparedRecord } from './leaf.js';
import type { CommitRefusal } from './ledger.js';
import type { LedgerRecord } from './record.js';

/** What a commit resolves to before it becomes a receipt: the leaf hash, once the transaction is durable. */
export type Settlement = Result<Uint8Array, CommitRefusal>;

/** One record whose caller waits. It leaves the queue when it is sent, refused, or its deadline passes unsent. */
export interface Waiting {
  readonly prepared: PreparedRecord;
  /** The caller waits for more than the commit: for the tree, or for witnesses. */
  readonly isAwaited: boolean;
  /** Only the first call counts: a deadline may have come first. */
  settle(settlement: Settlement): void;
  readonly isSettled: () => boolean;
}

/** Records that an admitted decision leads to. */
function isOwed(kind: LedgerRecord['kind']): boolean {
  return kind === 'dispatch' || kind === 'segment' || kind === 'outcome';
}

/**
 * Records that wait for a transaction, fair between tenants. Everything is counted from admission until the record's fate
 * is known, so that memory is bounded however long the database is out.
 */
export class CommitQueue {
  readonly #queues = new Map<TenantId, Set<Waiting>>();
  readonly #tenantCounts = new Map<TenantId, number>();
  #records = 0;
  #bytes = 0;
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  get held(): number {
    return this.#records;
  }

  /**
   * A decision may fill three quarters of a limit only: what it leads to (dispatch, segments, outcome) must find room,
   * or answers that are already paid for would be withheld. Many streams of one tenant may come due in one moment, so what
   * is owed to decisions has a bound of its own.
   */
  refusesAdmission(tenant: TenantId, kind: LedgerRecord['kind'], bytes: number): CommitRefusal | undefined {
    const share = kind === 'decision' ? 0.75 : 1;
    const tenantCount = this.#tenantCounts.get(tenant) ?? 0;
    if (this.#records >= limits.processQueueRecords * share) return 'ledger-unavailable';
    if (this.#bytes + bytes > limits.processQueueBytes * share) return 'ledger-unavailable';
    if (tenantCount >= (isOwed(kind) ? limits.tenantOwedRecords : limits.tenantQueueRecords * share))
      return 'ledger-backpressure';
    return undefined;
  }

  admit(waiting: Waiting): void {
    this.#count(waiting, 1);
    this.#append(waiting);
  }

  /** The record was never sent: it leaves without a trace in the chain. False when it was already taken. */
  withdraw(waiting: Waiting): boolean {
    const tenant = tenantOf(waiting.prepared);
    const queue = this.#queues.get(tenant);
    if (!queue?.delete(waiting)) return false;
    if (queue.size === 0) this.#queues.delete(tenant);
    this.#waiting -= 1;
    this.#count(waiting, -1);
    return true;
  }

  /** The fate of a taken record is known: it counts no more. */
  release(waiting: Waiting): void {
    this.#count(waiting, -1);
  }

  /** The next records, one tenant after the other, each tenant's in order. */
  take(maximum: number): readonly Waiting[] {
    const taken: Waiting[] = [];
    while (taken.length < maximum) {
      const next = this.#queues.entries().next();
      if (next.done) break;
      const [tenant, queue] = next.value;
      const [first] = queue;
      this.#queues.delete(tenant);
      if (first === undefined) continue;
      queue.delete(first);
      if (queue.size > 0) this.#queues.set(tenant, queue);
      this.#waiting -= 1;
      taken.push(first);
    }
    return taken;
  }

  /** Puts taken records back before those that came later. */
  putBack(records: readonly Waiting[]): void {
    for (const [tenant, back] of Map.groupBy(records, ({ prepared }) => tenantOf(prepared))) {
      this.#queues.set(tenant, new Set([...back, ...(this.#queues.get(tenant) ?? [])]));
      this.#waiting += back.length;
    }
  }

  #append(waiting: Waiting): void {
    const tenant = tenantOf(waiting.prepared);
    const queue = this.#queues.get(tenant);
    if (queue) queue.add(waiting);
    else this.#queues.set(tenant, new Set([waiting]));
    this.#waiting += 1;
  }

  #count(waiting: Waiting, sign: 1 | -1): void {
    const tenant = tenantOf(waiting.prepared);
    const count = (this.#tenantCounts.get(tenant) ?? 0) + sign;
    if (count === 0) this.#tenantCounts.delete(tenant);
    else this.#tenantCounts.set(tenant, count);
    this.#records += sign;
    this.#bytes += sign * waiting.prepared.bytes;
  }
}

function tenantOf(prepared: PreparedRecord): TenantId {
  return prepared.log.tenant.tenant;
}
