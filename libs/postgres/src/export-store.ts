import { type RecordId, type TenantContext, parseRecordId } from '@writ/domain';
import { CompactRange, type EpochProof, type Gap, type StoredRow, coverRange, rootOf } from '@writ/ledger';
import { epochProofOf, hashesIn } from './evidence-of-record.js';
import type { PlanePool } from './plane.js';
import { type ExportSelection, type SelectedRecord, selectRecords } from './selection-store.js';
import { type TenantTransaction, withTenant } from './with-tenant.js';

export interface ExportHead {
  readonly origin: string;
  readonly size: number;
  /** Signed checkpoint of that size. */
  readonly checkpoint: string;
}

/** What the outside has seen of a log. */
export interface ExportEpoch {
  readonly head: ExportHead;
  readonly proof: EpochProof;
  /** Checkpoint of the epoch log, with its cosignatures. */
  readonly note: string;
  /** RFC 3161 token over that checkpoint's text. */
  readonly token: Uint8Array | undefined;
}

/** Everything an export reads, in one snapshot of the database, by a role that can only read this tenant. */
export interface ExportReader {
  /** Undefined for a log without a batch. */
  head(): Promise<ExportHead | undefined>;
  /** The newest epoch that witnesses cosigned or an authority stamped, and this log's head in it; undefined without one. */
  epoch(): Promise<ExportEpoch | undefined>;
  /** The first index whose batch was sequenced at or after the time, ms; the size when there is none. */
  indexAt(timeMs: number): Promise<number>;
  /** Rows of [from, to) in order, read page by page as they are asked for. */
  rows(from: number, to: number): AsyncGenerator<StoredRow>;
  /** Compact range of the first `from` leaves. */
  left(from: number): Promise<readonly Uint8Array[]>;
  /** Hashes of the aligned subtrees that cover [to, size). */
  right(to: number, size: number): Promise<readonly Uint8Array[]>;
  /** Guards of the append-only tables that are off or gone, such as `record.append_only`. */
  missingGuards(): Promise<readonly string[]>;
  /** Ranges of [from, to) without payload, each with the index of the prune order that covers it. */
  gaps(from: number, to: number): Promise<readonly Gap[]>;
  /** A range of records that have outlived their retention class, from the oldest; undefined when there is none. */
  expired(): Promise<{ readonly from: number; readonly to: number } | undefined>;
  /** Ids of the orders to erase a subject, oldest first. */
  erasureOrders(): Promise<readonly RecordId[]>;
  /** Enrolment statements of the writers in [from, to), by writer id. */
  enrolments(from: number, to: number): Promise<Readonly<Record<string, Uint8Array>>>;
  enrolmentsOf(writers: readonly string[]): Promise<Readonly<Record<string, Uint8Array>>>;
  /** Records that match, in the order of the tree; see `selectRecords`. */
  select(
    selection: ExportSelection,
    period: { readonly fromMs: number; readonly toMs: number },
    size: number,
    limit: number,
  ): Promise<readonly SelectedRecord[]>;
  /** Leaf hashes of [from, to) in order, read batch by batch. */
  hashes(from: number, to: number): AsyncGenerator<Uint8Array>;
}

/** `work` runs in one REPEATABLE READ, READ ONLY transaction of the exporter's login. */
export function withExport<T>(
  plane: PlanePool,
  tenant: TenantContext,
  work: (reader: ExportReader) => Promise<T>,
): Promise<T> {
  return withTenant(plane, tenant, (transaction) => work(new TenantExport(transaction)), 'one-snapshot');
}

const pageRows = 512;

interface BatchRow {
  readonly first_idx: string;
  readonly leaf_hashes: Buffer;
  readonly frontier: Buffer;
}

interface EpochEvidenceRow {
  readonly origin: string;
  readonly number: string;
  readonly slot: number;
  readonly hashes: Buffer;
  readonly frontier_before: Buffer | null;
  readonly note: string;
  readonly token: Buffer | null;
  readonly head_size: string;
  readonly head_note: string;
}

class TenantExport implements ExportReader {
  readonly #transaction: TenantTransaction;

  constructor(transaction: TenantTransaction) {
    this.#transaction = transaction;
  }

  async head(): Promise<ExportHead | undefined> {
    const { schema, tenant } = this.#transaction;
    const [row] = await this.#transaction.query<{ origin: string; size_after: string; note: string }>(
      `SELECT ledger.origin_of($1) AS origin, size_after, note FROM ${schema}.batch ORDER BY size_after DESC LIMIT 1`,
      [tenant],
    );
    return row === undefined ? undefined : { origin: row.origin, size: Number(row.size_after), checkpoint: row.note };
  }

  async epoch(): Promise<ExportEpoch | undefined> {
    const { tenant } = this.#transaction;
    const [row] = await this.#transaction.query<EpochEvidenceRow>(
      'SELECT ledger.origin_of($1) AS origin, e.* FROM ledger.epoch_evidence($1, false) e',
      [tenant],
    );
    if (row === undefined) return undefined;
    return {
      head: { origin: row.origin, size: Number(row.head_size), checkpoint: row.head_note },
      proof: epochProofOf(row),
      note: row.note,
      token: row.token ?? undefined,
    };
  }

  async indexAt(timeMs: number): Promise<number> {
    const { schema } = this.#transaction;
    const [row] = await this.#transaction.query<{ index: string }>(
      `SELECT coalesce((SELECT first_idx FROM ${schema}.batch WHERE seq_ts >= $1 AND first_idx >= 0 ORDER BY first_idx LIMIT 1),
         (SELECT max(size_after) FROM ${schema}.batch), 0) AS index`,
      [new Date(timeMs)],
    );
    return Number(row?.index ?? 0);
  }

  async *rows(from: number, to: number): AsyncGenerator<StoredRow> {
    const { schema } = this.#transaction;
    for (let at = from; at < to; at += pageRows) {
      // oxlint-disable-next-line no-await-in-loop -- a page is read when the one before it was written
      const page = await this.#transaction.query<{ hash: Buffer; leaf: Buffer | null; sealed: Buffer | null }>(
        `SELECT substring(b.leaf_hashes FROM (32 * (u.n - 1) + 1)::int FOR 32) AS hash, x.leaf, x.sealed
         FROM ${schema}.batch b CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
         LEFT JOIN ${schema}.record x ON x.record_id = u.id
         WHERE b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
         ORDER BY b.first_idx, u.n`,
        [at, Math.min(at + pageRows, to)],
      );
      for (const { hash, leaf, sealed } of page)
        yield {
          leafHash: hash,
          ...(leaf === null ? {} : { leaf }),
          ...(leaf === null || sealed === null ? {} : { sealed }),
        };
    }
  }

  async left(from: number): Promise<readonly Uint8Array[]> {
    if (from === 0) return [];
    const { schema } = this.#transaction;
    const [row] = await this.#transaction.query<BatchRow>(
      `SELECT first_idx, leaf_hashes, frontier FROM ${schema}.batch WHERE first_idx < $1 AND size_after >= $1 AND first_idx >= 0`,
      [from],
    );
    const first = Number(row?.first_idx ?? 0);
    const range = row && CompactRange.from(first, hashesIn(row.frontier));
    if (row === undefined || range === undefined) throw new Error(`the tree does not reach index ${from}`);
    for (const hash of hashesIn(row.leaf_hashes).slice(0, from - first)) range.append(hash);
    return range.frontier();
  }

  async right(to: number, size: number): Promise<readonly Uint8Array[]> {
    const roots: Uint8Array[] = [];
    for (const piece of coverRange(to, size)) {
      const hashes: Uint8Array[] = [];
      // oxlint-disable-next-line no-await-in-loop -- subtrees can be large; one at a time bounds the memory
      for await (const leafHash of this.hashes(piece.start, piece.start + piece.size)) hashes.push(leafHash);
      roots.push(rootOf(hashes));
    }
    return roots;
  }

  async missingGuards(): Promise<readonly string[]> {
    const { schema } = this.#transaction;
    const rows = await this.#transaction.query<{ guard: string }>(
      `SELECT t || '.' || g AS guard FROM unnest(ARRAY['record', 'batch', 'hold', 'tile']) t
       CROSS JOIN unnest(ARRAY['append_only', 'append_only_whole']) g
       WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger x JOIN pg_catalog.pg_class c ON c.oid = x.tgrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = t AND x.tgname = g AND x.tgenabled = 'A') ORDER BY 1`,
      [schema.replaceAll('"', '')],
    );
    return rows.map(({ guard }) => guard);
  }

  async gaps(from: number, to: number): Promise<readonly Gap[]> {
    const { schema } = this.#transaction;
    const rows = await this.#transaction.query<{ from: string; to: string }>(
      `WITH missing AS (
         SELECT b.first_idx + u.n - 1 AS idx FROM ${schema}.batch b CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
         WHERE b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
           AND NOT EXISTS (SELECT FROM ${schema}.record x WHERE x.record_id = u.id))
       SELECT min(idx) AS from, max(idx) + 1 AS to FROM (SELECT idx, idx - row_number() OVER (ORDER BY idx) AS island FROM missing) m
       GROUP BY island ORDER BY 1`,
      [from, to],
    );
    if (rows.length === 0) return [];
    const orders = await this.#pruneOrders();
    return rows.flatMap((row) => cutByOrder(Number(row.from), Number(row.to), orders));
  }

  /** A record's id carries its time, so that each class looks only at what is older than it keeps. */
  async expired(): Promise<{ readonly from: number; readonly to: number } | undefined> {
    const { schema } = this.#transaction;
    const [row] = await this.#transaction.query<{ from: string | null; to: string | null }>(
      `WITH bound AS (
         SELECT c.keep_class, c.keep, rpad(lpad(to_hex((extract(epoch FROM now() - c.keep) * 1000)::bigint), 12, '0'), 32, 'f')::uuid AS id
         FROM ledger.retention_class c),
       old AS (
         SELECT o.id FROM bound CROSS JOIN LATERAL (
           (SELECT x.record_id AS id FROM ${schema}.record x WHERE x.keep_class = bound.keep_class AND x.record_id < bound.id
             AND x.committed_at + bound.keep < now() ORDER BY x.record_id LIMIT 1)
           UNION ALL
           (SELECT x.record_id FROM ${schema}.record x WHERE x.keep_class = bound.keep_class AND x.record_id < bound.id
             AND x.committed_at + bound.keep < now() ORDER BY x.record_id DESC LIMIT 1)) o)
       SELECT min(i.idx) AS from, max(i.idx) + 1 AS to FROM old JOIN LATERAL (
         SELECT b.first_idx + array_position(b.record_ids, old.id) - 1 AS idx FROM ${schema}.batch b
         WHERE b.seq_ts > uuid_extract_timestamp(old.id) - interval '10 minutes' AND old.id = ANY (b.record_ids) LIMIT 1) i ON true`,
    );
    return row === undefined || row.from === null || row.to === null
      ? undefined
      : { from: Number(row.from), to: Number(row.to) };
  }

  async enrolments(from: number, to: number): Promise<Readonly<Record<string, Uint8Array>>> {
    const { schema } = this.#transaction;
    const rows = await this.#transaction.query<{ id: string; statement: string }>(
      `SELECT id, statement FROM ledger.enrolments(ARRAY(
         SELECT DISTINCT split_part(x.writer, '/', 1) FROM ${schema}.batch b CROSS JOIN LATERAL unnest(b.record_ids) u(id)
         JOIN ${schema}.record x ON x.record_id = u.id WHERE b.size_after > $1 AND b.first_idx < $2))`,
      [from, to],
    );
    return Object.fromEntries(rows.map(({ id, statement }) => [id, Buffer.from(statement, 'ascii')]));
  }

  async enrolmentsOf(writers: readonly string[]): Promise<Readonly<Record<string, Uint8Array>>> {
    const rows = await this.#transaction.query<{ id: string; statement: string }>(
      'SELECT id, statement FROM ledger.enrolments($1)',
      [writers],
    );
    return Object.fromEntries(rows.map(({ id, statement }) => [id, Buffer.from(statement, 'ascii')]));
  }

  select(
    selection: ExportSelection,
    period: { readonly fromMs: number; readonly toMs: number },
    size: number,
    limit: number,
  ): Promise<readonly SelectedRecord[]> {
    return selectRecords(this.#transaction, selection, period, size, limit);
  }

  async erasureOrders(): Promise<readonly RecordId[]> {
    const { schema } = this.#transaction;
    const rows = await this.#transaction.query<{ id: string; leaf: Buffer }>(
      `SELECT record_id::text AS id, leaf FROM ${schema}.record WHERE kind = 'event' ORDER BY record_id`,
    );
    return rows.flatMap(({ id, leaf }) => {
      const record = parseRecordId(id);
      return record.ok && eventIn(leaf).name === 'erasure.executed' ? [record.value] : [];
    });
  }

  async *hashes(from: number, to: number): AsyncGenerator<Uint8Array> {
    const { schema } = this.#transaction;
    for (let at = from; at < to;) {
      // oxlint-disable-next-line no-await-in-loop -- batch after batch
      const [row] = await this.#transaction.query<BatchRow>(
        `SELECT first_idx, leaf_hashes, frontier FROM ${schema}.batch WHERE first_idx <= $1 AND size_after > $1 AND first_idx >= 0`,
        [at],
      );
      if (row === undefined) throw new Error(`the tree does not reach index ${at}`);
      const first = Number(row.first_idx);
      for (const leafHash of hashesIn(row.leaf_hashes).slice(at - first, to - first)) {
        yield leafHash;
        at += 1;
      }
    }
  }

  async #pruneOrders(): Promise<readonly PruneOrder[]> {
    const { schema } = this.#transaction;
    const rows = await this.#transaction.query<{ index: string; leaf: Buffer }>(
      `SELECT b.first_idx + array_position(b.record_ids, x.record_id) - 1 AS index, x.leaf FROM ${schema}.record x
       JOIN ${schema}.batch b ON b.seq_ts > uuid_extract_timestamp(x.record_id) - interval '10 minutes' AND x.record_id = ANY (b.record_ids)
       WHERE x.kind = 'event' ORDER BY 1 DESC`,
    );
    return rows.flatMap(({ index, leaf }) => {
      const payload = eventIn(leaf);
      const { from, to } = payload.fields ?? {};
      return payload.name === 'retention.prune' && from !== undefined && to !== undefined
        ? [{ index: Number(index), from, to }]
        : [];
    });
  }
}

interface PruneOrder {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

interface ClearEvent {
  readonly name?: string;
  readonly fields?: { readonly from?: number; readonly to?: number };
}

function eventIn(leaf: Buffer): ClearEvent {
  const payload = Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString('utf8');
  return JSON.parse(payload) as ClearEvent;
}

/** One range may have gone by several orders; each piece names the one that covers it, or none, and then a verifier objects. */
function cutByOrder(from: number, to: number, orders: readonly PruneOrder[]): readonly Gap[] {
  const gaps: Gap[] = [];
  for (let at = from; at < to;) {
    const order = orders.filter((each) => each.from <= at && at < each.to).toSorted((a, b) => b.to - a.to)[0];
    const end = Math.min(to, order?.to ?? to);
    gaps.push({ from: at, to: end, reason: 'pruned', ...(order === undefined ? {} : { record: order.index }) });
    at = end;
  }
  return gaps;
}
