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

/** A deny leads to nothing, so nobody waits for its record but the caller that is refused. */
function isDenial({ record }: PreparedRecord): boolean {
  return record.kind === 'decision' && record.decision.effect === 'deny';
}

/** By tenant, in the order in which they are next; each tenant's in order. */
type Queues = Map<TenantId, Set<Waiting>>;

/**
 * Records that wait for a transaction, fair between tenants. Everything is counted from admission until the record's fate
 * is known, so that memory is bounded however long the database is out.
 *
 * Denials wait apart. They have the room that other records leave, and a quarter of each batch in any case; those of one tenant
 * are in one transaction at a time, so that a tenant that is refused a thousand times a second fills no second one with them.
 */
export class CommitQueue {
  readonly #queues: Queues = new Map();
  readonly #denials: Queues = new Map();
  /** Denials of each tenant whose transaction is under way. */
  readonly #denialsSent = new Map<TenantId, number>();
  readonly #tenantCounts = new Map<TenantId, number>();
  #records = 0;
  #bytes = 0;
  #waiting = 0;
  #waitingDenials = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Those among them that others than a refused caller wait for. */
  get waitingOthers(): number {
    return this.#waiting - this.#waitingDenials;
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
    const queues = this.#queuesOf(waiting);
    const tenant = tenantOf(waiting.prepared);
    const queue = queues.get(tenant);
    if (queue) queue.add(waiting);
    else queues.set(tenant, new Set([waiting]));
    this.#wait(waiting, 1);
  }

  /** The record was never sent: it leaves without a trace in the chain. False when it was already taken. */
  withdraw(waiting: Waiting): boolean {
    const tenant = tenantOf(waiting.prepared);
    const queues = this.#queuesOf(waiting);
    const queue = queues.get(tenant);
    if (!queue?.delete(waiting)) return false;
    if (queue.size === 0) queues.delete(tenant);
    this.#wait(waiting, -1);
    this.#count(waiting, -1);
    return true;
  }

  /** The fate of a taken record is known: it counts no more. */
  release(waiting: Waiting): void {
    this.#count(waiting, -1);
    this.#sent(waiting, -1);
  }

  /**
   * The next records, one tenant after the other, each tenant's in order: so many that somebody's answer waits for, and denials in
   * the rest of `room`. Denials of a tenant that has some under way stay.
   */
  take(others: number, room: number): readonly Waiting[] {
    const busy = [...this.#denials].filter(([tenant]) => this.#denialsSent.has(tenant));
    for (const [tenant] of busy) this.#denials.delete(tenant);
    const due = [...this.#denials.values()].reduce((sum, { size }) => sum + size, 0);
    const kept = Math.min(due, Math.ceil(room / 4));
    const taken = this.#takeFrom(this.#queues, Math.min(others, room - kept));
    taken.push(...this.#takeFrom(this.#denials, room - taken.length));
    for (const [tenant, queue] of busy) this.#denials.set(tenant, queue);
    return taken;
  }

  /** Everything that waits. */
  takeAll(): readonly Waiting[] {
    return [...this.#takeFrom(this.#queues, Infinity), ...this.#takeFrom(this.#denials, Infinity)];
  }

  /** Puts taken records back before those that came later. */
  putBack(records: readonly Waiting[]): void {
    for (const one of records) {
      this.#sent(one, -1);
      this.#wait(one, 1);
    }
    putBefore(
      this.#queues,
      records.filter(({ prepared }) => !isDenial(prepared)),
    );
    putBefore(
      this.#denials,
      records.filter(({ prepared }) => isDenial(prepared)),
    );
  }

  #takeFrom(queues: Queues, maximum: number): Waiting[] {
    const taken: Waiting[] = [];
    while (taken.length < maximum) {
      const next = queues.entries().next();
      if (next.done) break;
      const [tenant, queue] = next.value;
      const [first] = queue;
      queues.delete(tenant);
      if (first === undefined) continue;
      queue.delete(first);
      if (queue.size > 0) queues.set(tenant, queue);
      this.#wait(first, -1);
      this.#sent(first, 1);
      taken.push(first);
    }
    return taken;
  }

  #queuesOf({ prepared }: Waiting): Queues {
    return isDenial(prepared) ? this.#denials : this.#queues;
  }

  #wait({ prepared }: Waiting, sign: 1 | -1): void {
    this.#waiting += sign;
    if (isDenial(prepared)) this.#waitingDenials += sign;
  }

  #sent({ prepared }: Waiting, sign: 1 | -1): void {
    if (isDenial(prepared)) add(this.#denialsSent, tenantOf(prepared), sign);
  }

  #count({ prepared }: Waiting, sign: 1 | -1): void {
    add(this.#tenantCounts, tenantOf(prepared), sign);
    this.#records += sign;
    this.#bytes += sign * prepared.bytes;
  }
}

function add(counts: Map<TenantId, number>, tenant: TenantId, sign: 1 | -1): void {
  const count = (counts.get(tenant) ?? 0) + sign;
  if (count === 0) counts.delete(tenant);
  else counts.set(tenant, count);
}

function putBefore(queues: Queues, records: readonly Waiting[]): void {
  for (const [tenant, back] of Map.groupBy(records, ({ prepared }) => tenantOf(prepared)))
    queues.set(tenant, new Set([...back, ...(queues.get(tenant) ?? [])]));
}

function tenantOf(prepared: PreparedRecord): TenantId {
  return prepared.log.tenant.tenant;
}
