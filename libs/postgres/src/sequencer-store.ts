import type { PoolClient } from 'pg';
import { type RecordId, type TenantId, limits } from '@writ/domain';
import { CompactRange, type CommittedLeaf, type LogHead, type TreeBatch } from '@writ/ledger';
import { byteaArray, int8Array, textArray, uuidArray } from './binary-arrays.js';
import { type EpochStore, epochStore } from './epoch-store.js';
import { type PlanePool, causeText, connectToPrimary, sqlState } from './plane.js';

/** What waits in one log: its head when the caller does not hold it, and the stored bytes, in order of arrival. */
export interface TakenLog {
  readonly tenant: TenantId;
  readonly origin: string;
  readonly leaves: readonly CommittedLeaf[];
}

export interface NewBatch {
  readonly tenant: TenantId;
  readonly batch: TreeBatch;
}

/**
 * How a tick ended. `committed`: the batches are durable, their signatures may leave. `lost-race`: another sequencer was
 * first, nothing happened. `unknown` and `failed`: nothing may leave; read the heads again.
 */
export type TickOutcome =
  | { readonly kind: 'idle' }
  | { readonly kind: 'committed'; readonly leaves: number }
  | { readonly kind: 'lost-race' | 'unknown' | 'failed'; readonly cause: string };

export interface StoredHead extends LogHead {
  readonly tenant: TenantId;
  readonly slot: number;
  readonly note: string;
}

export interface SequencerStore extends EpochStore {
  /**
   * One transaction: takes what is pending in the logs that are due, lets `make` sequence it, stores the batches. `make` gets the heads of the
   * logs that `isHeld` does not know. A record that is pending but gone puts its log on integrity hold.
   */
  tick(
    isHeld: (tenant: TenantId) => boolean,
    make: (taken: readonly TakenLog[], heads: ReadonlyMap<TenantId, LogHead>) => readonly NewBatch[],
  ): Promise<TickOutcome>;
  heads(tenants?: readonly TenantId[]): Promise<readonly StoredHead[]>;
  /** The root of a log when it had exactly this size, if a batch ended there. */
  rootAt(tenant: TenantId, size: number): Promise<Uint8Array | undefined>;
  holdIntegrity(tenant: TenantId, reason: string): Promise<void>;
  integrityHolds(): Promise<readonly { readonly tenant: TenantId; readonly reason: string }[]>;
}

/** Leaves of one tick: bounds the transaction and, at 60 KiB a leaf, its memory. */
const tickLeaves = 1_024;

/**
 * `ticks` is the pool of the ticks alone. A connection reads every tenant's tables from the catalogue when it first meets them, which
 * costs more than the ticks themselves if each is made by whichever connection was last given back.
 */
export function sequencerStore(plane: PlanePool, shard = 0, ticks = plane): SequencerStore {
  return Object.assign(new PostgresSequencerStore(plane, shard, ticks), epochStore(plane));
}

interface TakenRow {
  readonly tenant_id: TenantId;
  readonly origin: string;
  readonly record_id: RecordId;
  readonly leaf: Buffer | null;
  readonly writer: string;
  readonly writer_sequence: string;
}

interface HeadRow {
  readonly tenant_id: TenantId;
  readonly origin: string;
  readonly slot: number;
  readonly first_idx: string;
  readonly size_after: string;
  readonly leaf_hashes: Buffer;
  readonly frontier: Buffer;
  readonly root: Buffer;
  readonly note: string;
  readonly seq_ts: Date;
}

class PostgresSequencerStore implements Omit<SequencerStore, keyof EpochStore> {
  readonly #plane: PlanePool;
  readonly #shard: number;
  readonly #ticks: PlanePool;

  constructor(plane: PlanePool, shard: number, ticks: PlanePool) {
    this.#plane = plane;
    this.#shard = shard;
    this.#ticks = ticks;
  }

  async tick(
    isHeld: (tenant: TenantId) => boolean,
    make: (taken: readonly TakenLog[], heads: ReadonlyMap<TenantId, LogHead>) => readonly NewBatch[],
  ): Promise<TickOutcome> {
    let client: PoolClient;
    try {
      client = await connectToPrimary(this.#ticks);
    } catch (cause) {
      return { kind: 'failed', cause: causeText(cause) };
    }
    let mayCommit = false;
    let warning: string | undefined;
    const onNotice = ({
      severity,
      message,
    }: {
      readonly severity?: string | undefined;
      readonly message?: string | undefined;
    }): void => {
      if (severity === 'WARNING') warning = message ?? 'a warning';
    };
    client.on('notice', onNotice);
    try {
      const taken = await this.#take(client);
      const missing = taken.find(({ leaf }) => leaf === null);
      if (missing !== undefined) return await this.#stopLog(client, missing.tenant_id, missing.record_id);
      if (taken.length === 0) {
        await client.query('ROLLBACK');
        client.release();
        return { kind: 'idle' };
      }
      const logs = groupByLog(taken);
      const unknown = logs.map(({ tenant }) => tenant).filter((tenant) => !isHeld(tenant));
      const heads = unknown.length === 0 ? [] : await readHeads(client, unknown);
      const batches = make(logs, new Map(heads.map((head) => [head.tenant, head])));
      if (batches.length === 0) throw new Error('nothing could be sequenced');
      const stored = client.query({ name: 'writ.put-batches', text: putText, values: putValues(this.#shard, batches) });
      mayCommit = true;
      const ended = client.query('COMMIT');
      const [put, commit] = await Promise.allSettled([stored, ended]);
      if (put.status === 'rejected') throw put.reason;
      if (commit.status === 'rejected') throw commit.reason;
      if (commit.value.command !== 'COMMIT') throw new Error('the transaction had failed');
      client.release(warning !== undefined);
      return warning === undefined ? { kind: 'committed', leaves: taken.length } : { kind: 'unknown', cause: warning };
    } catch (cause) {
      client.release(true);
      // 23505 another batch starts there; 23503 the size it builds on is not there: either way nothing was stored.
      if (['23505', '23503'].includes(sqlState(cause) ?? '')) return { kind: 'lost-race', cause: causeText(cause) };
      return { kind: mayCommit && sqlState(cause) === undefined ? 'unknown' : 'failed', cause: causeText(cause) };
    } finally {
      client.off('notice', onNotice);
    }
  }

  heads(tenants?: readonly TenantId[]): Promise<readonly StoredHead[]> {
    return this.#on(async (client) => readHeads(client, tenants ?? (await this.#logs(client))));
  }

  rootAt(tenant: TenantId, size: number): Promise<Uint8Array | undefined> {
    return this.#on(async (client) => {
      const { rows } = await client.query<{ root: Buffer | null }>({
        text: 'SELECT ledger.root_at($1, $2) AS root',
        values: [tenant, size],
      });
      return rows[0]?.root ?? undefined;
    });
  }

  holdIntegrity(tenant: TenantId, reason: string): Promise<void> {
    return this.#on(async (client) => {
      await client.query({ text: 'SELECT ledger.place_integrity_hold($1, $2)', values: [tenant, reason] });
    });
  }

  integrityHolds(): Promise<readonly { readonly tenant: TenantId; readonly reason: string }[]> {
    return this.#on(async (client) => {
      const { rows } = await client.query<{ tenant: TenantId; reason: string }>(
        'SELECT tenant_id AS tenant, reason FROM ledger.integrity_holds()',
      );
      return rows;
    });
  }

  /** BEGIN and the taking leave in one round trip. */
  async #take(client: PoolClient): Promise<readonly TakenRow[]> {
    const begun = client.query('BEGIN');
    const taken = client.query<TakenRow>({
      name: 'writ.take-due',
      text: 'SELECT * FROM ledger.take_due($1, $2, $3, $4, $5)',
      values: [this.#shard, tickLeaves, limits.sequenceGatherMs, limits.sequenceFewLogs, limits.sequenceManyLeaves],
    });
    const [first, second] = await Promise.allSettled([begun, taken]);
    if (first.status === 'rejected') throw first.reason;
    if (second.status === 'rejected') throw second.reason;
    return second.value.rows;
  }

  async #stopLog(client: PoolClient, tenant: TenantId, record: RecordId): Promise<TickOutcome> {
    await client.query('ROLLBACK');
    client.release();
    const cause = `record ${record} was committed and is gone before it was sequenced`;
    await this.holdIntegrity(tenant, cause);
    return { kind: 'failed', cause };
  }

  async #logs(client: PoolClient): Promise<readonly TenantId[]> {
    const { rows } = await client.query<{ tenant_id: TenantId }>({
      text: 'SELECT tenant_id FROM ledger.logs($1)',
      values: [this.#shard],
    });
    return rows.map(({ tenant_id }) => tenant_id);
  }

  async #on<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await connectToPrimary(this.#plane);
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (cause) {
      client.release(true);
      throw cause;
    }
  }
}

function groupByLog(rows: readonly TakenRow[]): readonly TakenLog[] {
  const logs = new Map<TenantId, { tenant: TenantId; origin: string; leaves: CommittedLeaf[] }>();
  for (const row of rows) {
    const log = logs.get(row.tenant_id) ?? { tenant: row.tenant_id, origin: row.origin, leaves: [] };
    log.leaves.push({
      record: row.record_id,
      leaf: row.leaf ?? new Uint8Array(),
      writer: row.writer,
      writerSequence: Number(row.writer_sequence),
    });
    logs.set(row.tenant_id, log);
  }
  return [...logs.values()];
}

async function readHeads(client: PoolClient, tenants: readonly TenantId[]): Promise<readonly StoredHead[]> {
  const { rows } = await client.query<HeadRow>({
    name: 'writ.heads',
    text: 'SELECT * FROM ledger.heads($1)',
    values: [[...tenants]],
  });
  return rows.map((row) => ({
    tenant: row.tenant_id,
    origin: row.origin,
    slot: row.slot,
    size: Number(row.size_after),
    frontier: frontierAfter(row),
    root: row.root,
    sequencedAt: row.seq_ts.getTime(),
    note: row.note,
  }));
}

/** The stored frontier is the one before the batch; the batch's own leaves bring it to its end. */
function frontierAfter({ first_idx, frontier, leaf_hashes }: HeadRow): Uint8Array {
  const range = CompactRange.from(Math.max(0, Number(first_idx)), hashesIn(frontier));
  if (range === undefined) throw new Error('a stored frontier does not fit its batch');
  for (const hash of hashesIn(leaf_hashes)) range.append(hash);
  return Buffer.concat(range.frontier());
}

function hashesIn(bytes: Buffer): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}

const putText = 'SELECT ledger.put_batches($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)';

function putValues(shard: number, batches: readonly NewBatch[]): unknown[] {
  const each = <T>(read: (batch: TreeBatch) => T): T[] => batches.map(({ batch }) => read(batch));
  return [
    shard,
    Date.now(),
    uuidArray(batches.map(({ tenant }) => tenant)),
    int8Array(each(({ firstIndex }) => firstIndex)),
    int8Array(each(({ sizeAfter }) => sizeAfter)),
    byteaArray(each(({ leafHashes }) => leafHashes)),
    uuidArray(each(({ records }) => records).flat()),
    byteaArray(each(({ frontier }) => frontier)),
    byteaArray(each(({ root }) => root)),
    textArray(each(({ note }) => note)),
    int8Array(each(({ sequencedAt }) => Math.trunc(sequencedAt))),
  ];
}
