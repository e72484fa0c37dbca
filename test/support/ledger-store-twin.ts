import type { RecordId, TenantId } from '@writ/domain';
import {
  type AppendOutcome,
  type BatchEvidence,
  type LedgerStore,
  type LogHead,
  type LogSigner,
  type StoredLeaf,
  type TreeBatch,
  genesis,
  sequence,
} from '@writ/ledger';

/** What goes wrong with one append: before it (nothing stored), after it (all stored, answer lost), or by refusal. */
export type AppendFault =
  | { readonly kind: 'not-persisted' }
  | { readonly kind: 'unknown'; readonly persisted: boolean }
  | { readonly kind: 'throws'; readonly persisted: boolean }
  | { readonly kind: 'hold'; readonly tenant: TenantId }
  | { readonly kind: 'writer-refused' };

/** The database in memory: the same contract suite runs against it and against Postgres. */
export class LedgerStoreTwin implements LedgerStore {
  /** Every call of `append`, in order, as it arrived. */
  readonly calls: (readonly StoredLeaf[])[] = [];
  /** Committed leaves per tenant, in commit order. */
  readonly leaves = new Map<TenantId, StoredLeaf[]>();
  readonly batches = new Map<TenantId, TreeBatch[]>();
  readonly #heads = new Map<TenantId, LogHead>();
  readonly #sequenced = new Map<TenantId, number>();
  readonly #byRecord = new Map<string, StoredLeaf>();
  readonly #held = new Set<TenantId>();
  readonly #faults: AppendFault[] = [];
  readonly #included: (() => void)[] = [];
  #gate: Promise<void> = Promise.resolve();
  #findFails = 0;

  /** The next appends meet these faults, one each. */
  failNext(...faults: readonly AppendFault[]): void {
    this.#faults.push(...faults);
  }

  failFinds(times: number): void {
    this.#findFails = times;
  }

  hold(tenant: TenantId): void {
    this.#held.add(tenant);
  }

  /** Appends wait until the returned function is called. */
  block(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => resolve();
  }

  async append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome> {
    this.calls.push(leaves);
    await this.#gate;
    const fault = this.#faults.shift();
    if (fault?.kind === 'not-persisted') return { kind: 'not-persisted', cause: 'the connection was refused' };
    if (fault?.kind === 'writer-refused') {
      return { kind: 'refused', because: 'writer-refused', records: leaves.map(({ record }) => record) };
    }
    if (fault?.kind === 'hold') this.#held.add(fault.tenant);
    const held = leaves.filter(({ tenant }) => this.#held.has(tenant));
    if (held.length > 0) {
      return { kind: 'refused', because: 'integrity-hold', records: held.map(({ record }) => record) };
    }
    const conflicts = leaves.filter((leaf) => {
      const stored = this.#stored(leaf.tenant, leaf.record);
      return stored !== undefined && Buffer.compare(stored.leaf, leaf.leaf) !== 0;
    });
    if (conflicts.length > 0) {
      return { kind: 'refused', because: 'conflict', records: conflicts.map(({ record }) => record) };
    }
    if (!fault || fault.kind === 'hold' || fault.persisted) this.#store(leaves);
    if (fault?.kind === 'throws') throw new Error('the connection broke');
    return fault?.kind === 'unknown' ? { kind: 'unknown', cause: 'the answer was lost' } : { kind: 'durable' };
  }

  async find(tenant: TenantId, record: RecordId): Promise<Uint8Array | undefined> {
    if (this.#findFails > 0) {
      this.#findFails -= 1;
      throw new Error('the database does not answer');
    }
    return Promise.resolve(this.#stored(tenant, record)?.leafHash);
  }

  /** Sequences everything that is committed, as the worker would, and wakes those who wait for it. */
  sequenceAll(originOf: (tenant: TenantId) => string, key: LogSigner, nowMs: number): void {
    for (const [tenant, leaves] of this.leaves) {
      const done = this.#sequenced.get(tenant) ?? 0;
      const start = genesis(originOf(tenant), key, nowMs);
      const head = this.#heads.get(tenant) ?? start.head;
      if (!this.batches.has(tenant)) this.batches.set(tenant, [start.batch]);
      const next = sequence(head, leaves.slice(done), key, nowMs);
      if (!next.ok) continue;
      this.batches.get(tenant)?.push(next.value.batch);
      this.#heads.set(tenant, next.value.head);
      this.#sequenced.set(tenant, leaves.length);
    }
    for (const wake of this.#included.splice(0)) wake();
  }

  async inclusion(tenant: TenantId, record: RecordId): Promise<BatchEvidence | undefined> {
    for (;;) {
      const batch = this.batches.get(tenant)?.find(({ records }) => records.includes(record));
      if (batch) return batch;
      // oxlint-disable-next-line no-await-in-loop -- waits for the next sequencing
      await new Promise<void>((resolve) => {
        this.#included.push(resolve);
      });
    }
  }

  head(tenant: TenantId): LogHead | undefined {
    return this.#heads.get(tenant);
  }

  #stored(tenant: TenantId, record: RecordId): StoredLeaf | undefined {
    return this.#byRecord.get(`${tenant}/${record}`);
  }

  #store(leaves: readonly StoredLeaf[]): void {
    for (const leaf of leaves) {
      if (this.#stored(leaf.tenant, leaf.record)) continue;
      const list = this.leaves.get(leaf.tenant) ?? [];
      list.push(leaf);
      this.#byRecord.set(`${leaf.tenant}/${leaf.record}`, leaf);
      this.leaves.set(leaf.tenant, list);
    }
  }
}
