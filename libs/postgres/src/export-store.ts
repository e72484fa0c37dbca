import type { RecordId, TenantContext } from '@writ/domain';
import { CompactRange, type EpochProof, type Gap, type StoredRow, coverRange, rootOf } from '@writ/ledger';
import { epochProofOf, hashesIn } from './evidence-of-record.js';
import { erasureOrdersIn, expiredIn, gapsIn, writersIn } from './export-windows.js';
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
         WHERE b.first_idx >= (SELECT max(f.first_idx) FROM ${schema}.batch f WHERE f.first_idx <= $1)
           AND b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
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

  gaps(from: number, to: number): Promise<readonly Gap[]> {
    return gapsIn(this.#transaction, from, to);
  }

  expired(): Promise<{ readonly from: number; readonly to: number } | undefined> {
    return expiredIn(this.#transaction);
  }

  async enrolments(from: number, to: number): Promise<Readonly<Record<string, Uint8Array>>> {
    const rows = await this.#transaction.query<{ id: string; statement: string }>(
      'SELECT id, statement FROM ledger.enrolments($1)',
      [await writersIn(this.#transaction, from, to)],
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

  erasureOrders(): Promise<readonly RecordId[]> {
    return erasureOrdersIn(this.#transaction);
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
}
