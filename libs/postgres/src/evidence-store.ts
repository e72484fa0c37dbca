import { createHash } from 'node:crypto';
import type { TenantContext } from '@writ/domain';
import type { PlanePool } from './plane.js';
import { type TenantTransaction, withTenant } from './with-tenant.js';

/** One committed record as it stands in the database. */
export interface StoredEntry {
  readonly record: string;
  readonly kind: string;
  readonly atMs: number;
  /** The signed leaf, a compact JWS. */
  readonly leaf: string;
  /** RFC 6962 leaf hash, hex. */
  readonly leafHash: string;
  /** Its index in the tree, once sequenced. */
  readonly index?: number;
}

/** A record with its sealed part, as long as the key that opens it exists. */
export interface SealedEntry {
  readonly record: string;
  readonly atMs: number;
  readonly leaf: string;
  readonly sealed?: Uint8Array;
  readonly wrappedKey?: Uint8Array;
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly rootHash: string;
  readonly note: string;
  readonly atMs: number;
}

/** A tenant's ledger, for reading by the tenant itself. */
export interface EvidenceStore {
  /** Every record of the request that the given decision record opened, in the order of commit; empty when unknown. */
  request(tenant: TenantContext, decision: string): Promise<readonly StoredEntry[]>;
  /** Decision records, newest first, of a time range, older than `before`. */
  decisions(
    tenant: TenantContext,
    range: { readonly limit: number; readonly before?: string; readonly fromMs?: number; readonly toMs?: number },
  ): Promise<readonly StoredEntry[]>;
  /** Decision records with what they seal, newest first; a record whose key was destroyed has none. */
  sealedDecisions(
    tenant: TenantContext,
    range: { readonly limit: number; readonly before?: string; readonly fromMs?: number; readonly toMs?: number },
  ): Promise<readonly SealedEntry[]>;
  /** One decision with what it seals. */
  sealedDecision(tenant: TenantContext, record: string): Promise<SealedEntry | undefined>;
  /** The newest signed checkpoints. */
  checkpoints(tenant: TenantContext, limit: number): Promise<readonly StoredCheckpoint[]>;
}

interface RecordRow {
  readonly record: string;
  readonly kind: string;
  readonly at_ms: string;
  readonly leaf: Buffer;
  readonly idx: string | null;
}

const columns = (schema: string): string => `
  r.record_id::text AS record, r.kind, floor(extract(epoch FROM r.committed_at) * 1000)::bigint AS at_ms, r.leaf,
  (SELECT b.first_idx + array_position(b.record_ids, r.record_id) - 1 FROM ${schema}.batch b
    WHERE b.seq_ts BETWEEN r.committed_at - interval '1 minute' AND r.committed_at + interval '1 hour'
      AND r.record_id = ANY (b.record_ids) LIMIT 1) AS idx`;

export function evidenceStore(plane: PlanePool): EvidenceStore {
  return {
    request: (tenant, decision) =>
      withTenant(plane, tenant, async (transaction) => {
        const rows = await transaction.query<RecordRow>(
          `SELECT ${columns(transaction.schema)} FROM ${transaction.schema}.record r
            WHERE r.request_id = (SELECT request_id FROM ${transaction.schema}.record WHERE record_id = $1 AND kind = 'decision')
            ORDER BY r.writer, r.writer_sequence`,
          [decision],
        );
        return rows.map(entryOf);
      }),
    decisions: (tenant, range) => withTenant(plane, tenant, (transaction) => decisionsOf(transaction, range)),
    sealedDecisions: (tenant, range) => withTenant(plane, tenant, (transaction) => sealedOf(transaction, range)),
    sealedDecision: (tenant, record) =>
      withTenant(plane, tenant, async (transaction) => (await sealedOf(transaction, { limit: 1, record }))[0]),
    checkpoints: (tenant, limit) =>
      withTenant(plane, tenant, async ({ schema, query }) => {
        const rows = await query<{ size: string; root: Buffer; note: string; at_ms: string }>(
          `SELECT size_after AS size, root, note, floor(extract(epoch FROM seq_ts) * 1000)::bigint AS at_ms
             FROM ${schema}.batch ORDER BY first_idx DESC LIMIT $1`,
          [limit],
        );
        return rows.map(({ size, root, note, at_ms }) => ({
          size: Number(size),
          rootHash: root.toString('hex'),
          note,
          atMs: Number(at_ms),
        }));
      }),
  };
}

async function decisionsOf(
  { schema, query }: TenantTransaction,
  range: { readonly limit: number; readonly before?: string; readonly fromMs?: number; readonly toMs?: number },
): Promise<readonly StoredEntry[]> {
  const rows = await query<RecordRow>(
    `SELECT ${columns(schema)} FROM ${schema}.record r
      WHERE r.kind = 'decision' AND ($1::uuid IS NULL OR r.record_id < $1)
        AND ($2::timestamptz IS NULL OR r.committed_at >= $2) AND ($3::timestamptz IS NULL OR r.committed_at < $3)
      ORDER BY r.record_id DESC LIMIT $4`,
    [range.before ?? null, instant(range.fromMs), instant(range.toMs), range.limit],
  );
  return rows.map(entryOf);
}

interface SealedRow {
  readonly record: string;
  readonly at_ms: string;
  readonly leaf: Buffer;
  readonly sealed: Buffer | null;
  readonly wrapped: Buffer | null;
}

async function sealedOf(
  { schema, query }: TenantTransaction,
  range: {
    readonly limit: number;
    readonly before?: string;
    readonly fromMs?: number;
    readonly toMs?: number;
    readonly record?: string;
  },
): Promise<readonly SealedEntry[]> {
  const rows = await query<SealedRow>(
    `SELECT r.record_id::text AS record, floor(extract(epoch FROM r.committed_at) * 1000)::bigint AS at_ms, r.leaf, r.sealed, k.wrapped
       FROM ${schema}.record r LEFT JOIN ${schema}.record_key k ON k.record_id = r.record_id
      WHERE r.kind = 'decision' AND ($1::uuid IS NULL OR r.record_id < $1) AND ($5::uuid IS NULL OR r.record_id = $5)
        AND ($2::timestamptz IS NULL OR r.committed_at >= $2) AND ($3::timestamptz IS NULL OR r.committed_at < $3)
      ORDER BY r.record_id DESC LIMIT $4`,
    [range.before ?? null, instant(range.fromMs), instant(range.toMs), range.limit, range.record ?? null],
  );
  return rows.map(({ record, at_ms, leaf, sealed, wrapped }) => ({
    record,
    atMs: Number(at_ms),
    leaf: leaf.toString('ascii'),
    ...(sealed === null ? {} : { sealed }),
    ...(wrapped === null ? {} : { wrappedKey: wrapped }),
  }));
}

function instant(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}

function entryOf({ record, kind, at_ms, leaf, idx }: RecordRow): StoredEntry {
  return {
    record,
    kind,
    atMs: Number(at_ms),
    leaf: leaf.toString('ascii'),
    leafHash: createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest('hex'),
    ...(idx === null ? {} : { index: Number(idx) }),
  };
}
