import { createHash } from 'node:crypto';
import type { TenantContext } from '@writ/domain';
import { inclusionSince } from '@writ/ledger';
import { hashesIn } from './evidence-of-record.js';
import { type PlanePool, sqlState } from './plane.js';
import { type LegalHold, writeHold } from './retention-store.js';
import { firstIdAt, idToleranceMs } from './selection-store.js';
import { type TenantTransaction, withTenant } from './with-tenant.js';

/** One committed record as it stands in the database. */
export interface StoredEntry {
  readonly record: string;
  readonly kind: string;
  readonly atMs: number;
  /** The signed leaf. */
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

export interface StoredProof {
  readonly record: string;
  readonly leaf: string;
  readonly leafHash: string;
  readonly place?: {
    readonly index: number;
    /** RFC 6962 inclusion proof in the tree that the checkpoint signs. */
    readonly proof: readonly Uint8Array[];
    readonly checkpoint: string;
    readonly size: number;
  };
}

export interface StoredHold {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly matter: string;
  readonly placedAtMs: number;
  readonly releasedAtMs?: number;
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
  /** A record with what proves its place in the tree; the proof is absent while it is not sequenced. */
  proof(tenant: TenantContext, record: string): Promise<StoredProof | undefined>;
  /** Every legal hold, the newest first. */
  holds(tenant: TenantContext): Promise<readonly StoredHold[]>;
  /** A row of a hold; false when this event of this hold is there already. */
  writeHold(tenant: TenantContext, hold: LegalHold): Promise<boolean>;
  /** The first index whose batch was sequenced at or after the time, ms; the size of the tree when there is none. */
  indexAt(tenant: TenantContext, timeMs: number): Promise<number>;
  /** How long each class keeps its records, as the database says it. */
  retentionClasses(tenant: TenantContext): Promise<readonly { readonly name: string; readonly keep: string }[]>;
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

/**
 * The rows of `page` (record_id, kind, committed_at, leaf) with their places in the tree. What stands together was sequenced together,
 * so one pass over the batches of that time finds all places; only a record that waited longer than half a minute for the
 * sequencer is looked for by itself.
 */
const placedIn = (schema: string, page: string, order: string): string => `
  WITH page AS MATERIALIZED (${page}),
  span AS (SELECT min(committed_at) - interval '1 minute' AS since, max(committed_at) + interval '30 seconds' AS until FROM page),
  place AS MATERIALIZED (SELECT u.id, b.first_idx + u.n - 1 AS idx FROM span CROSS JOIN ${schema}.batch b
    CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
    WHERE b.seq_ts BETWEEN span.since AND span.until)
  SELECT p.record_id::text AS record, p.kind, floor(extract(epoch FROM p.committed_at) * 1000)::bigint AS at_ms, p.leaf,
    coalesce(place.idx, (SELECT b.first_idx + array_position(b.record_ids, p.record_id) - 1 FROM ${schema}.batch b
      WHERE b.seq_ts > p.committed_at + interval '30 seconds' AND b.seq_ts < p.committed_at + interval '1 hour'
        AND p.record_id = ANY (b.record_ids) LIMIT 1)) AS idx
  FROM page p LEFT JOIN place ON place.id = p.record_id ORDER BY ${order}`;

export function evidenceStore(plane: PlanePool): EvidenceStore {
  return {
    request: (tenant, decision) =>
      withTenant(plane, tenant, async (transaction) => {
        const { schema } = transaction;
        const page = `SELECT r.record_id, r.kind, r.committed_at, r.leaf, r.writer, r.writer_sequence FROM ${schema}.record r
          WHERE r.request_id = (SELECT request_id FROM ${schema}.record WHERE record_id = $1 AND kind = 'decision')`;
        const rows = await transaction.query<RecordRow>(placedIn(schema, page, 'p.writer, p.writer_sequence'), [
          decision,
        ]);
        return rows.map(entryOf);
      }),
    decisions: (tenant, range) => withTenant(plane, tenant, (transaction) => decisionsOf(transaction, range)),
    proof: (tenant, record) => withTenant(plane, tenant, (transaction) => proofOf(transaction, record)),
    holds: (tenant) => withTenant(plane, tenant, holdsOf),
    writeHold: async (tenant, hold) => {
      try {
        await withTenant(plane, tenant, (transaction) => writeHold(transaction, hold));
        return true;
      } catch (cause) {
        if (sqlState(cause) === '23505') return false;
        throw cause;
      }
    },
    indexAt: (tenant, timeMs) =>
      withTenant(plane, tenant, async ({ schema, query }) => {
        const [row] = await query<{ index: string }>(
          `SELECT coalesce((SELECT first_idx FROM ${schema}.batch WHERE seq_ts >= $1 AND first_idx >= 0 ORDER BY first_idx LIMIT 1),
             (SELECT max(size_after) FROM ${schema}.batch), 0) AS index`,
          [new Date(timeMs)],
        );
        return Number(row?.index ?? 0);
      }),
    retentionClasses: (tenant) =>
      withTenant(plane, tenant, ({ query }) =>
        query<{ name: string; keep: string }>(
          'SELECT keep_class AS name, keep::text AS keep FROM ledger.retention_class c ORDER BY c.keep',
        ),
      ),
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
  const page = `SELECT r.record_id, r.kind, r.committed_at, r.leaf FROM ${schema}.record r
    WHERE r.kind = 'decision' AND ($1::uuid IS NULL OR r.record_id < $1)
      AND ($2::timestamptz IS NULL OR r.committed_at >= $2) AND ($3::timestamptz IS NULL OR r.committed_at < $3)
      AND r.record_id > $5 AND r.record_id < $6
    ORDER BY r.record_id DESC LIMIT $4`;
  const [since, until] = idsOf(range);
  const rows = await query<RecordRow>(placedIn(schema, page, 'p.record_id DESC'), [
    range.before ?? null,
    instant(range.fromMs),
    instant(range.toMs),
    range.limit,
    since,
    until,
  ]);
  return rows.map(entryOf);
}

async function proofOf({ schema, query }: TenantTransaction, record: string): Promise<StoredProof | undefined> {
  const [row] = await query<{ leaf: Buffer }>(`SELECT leaf FROM ${schema}.record WHERE record_id = $1`, [record]);
  if (row === undefined) return undefined;
  const found = { record, leaf: row.leaf.toString('ascii'), leafHash: leafHashOf(row.leaf) };
  const [batch] = await query<{ first_idx: string; leaf_hashes: Buffer; frontier: Buffer; note: string; at: number }>(
    `SELECT first_idx, leaf_hashes, frontier, note, array_position(record_ids, $1::uuid) - 1 AS at FROM ${schema}.batch
      WHERE seq_ts > uuid_extract_timestamp($1::uuid) - interval '10 minutes' AND $1 = ANY (record_ids) LIMIT 1`,
    [record],
  );
  if (batch === undefined) return found;
  const first = Number(batch.first_idx);
  const hashes = hashesIn(batch.leaf_hashes);
  const index = first + batch.at;
  const proof = inclusionSince(index, first, batch.frontier, hashes);
  return { ...found, place: { index, proof, checkpoint: batch.note, size: first + hashes.length } };
}

async function holdsOf({ schema, query }: TenantTransaction): Promise<readonly StoredHold[]> {
  const rows = await query<{
    id: string;
    from: string;
    to: string;
    matter: string;
    placed: Date;
    released: Date | null;
  }>(
    `SELECT h.hold_id::text AS id, h.from_idx AS from, h.to_idx AS to, h.matter, h.at AS placed, r.at AS released FROM ${schema}.hold h
      LEFT JOIN ${schema}.hold r ON r.hold_id = h.hold_id AND r.event = 'released'
      WHERE h.event = 'placed' ORDER BY h.at DESC`,
  );
  return rows.map(({ id, from, to, matter, placed, released }) => ({
    id,
    from: Number(from),
    to: Number(to),
    matter,
    placedAtMs: placed.getTime(),
    ...(released === null ? {} : { releasedAtMs: released.getTime() }),
  }));
}

function leafHashOf(leaf: Buffer): string {
  return createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest('hex');
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
        AND r.record_id > $6 AND r.record_id < $7
      ORDER BY r.record_id DESC LIMIT $4`,
    [
      range.before ?? null,
      instant(range.fromMs),
      instant(range.toMs),
      range.limit,
      range.record ?? null,
      ...idsOf(range),
    ],
  );
  return rows.map(({ record, at_ms, leaf, sealed, wrapped }) => ({
    record,
    atMs: Number(at_ms),
    leaf: leaf.toString('ascii'),
    ...(sealed === null ? {} : { sealed }),
    ...(wrapped === null ? {} : { wrappedKey: wrapped }),
  }));
}

/** A record's id carries its time, so that a range in the past does not read all that came after it. */
function idsOf({ fromMs, toMs }: { readonly fromMs?: number; readonly toMs?: number }): readonly [string, string] {
  const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  return [firstIdAt((fromMs ?? 0) - idToleranceMs), toMs === undefined ? last : firstIdAt(toMs + idToleranceMs)];
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
    leafHash: leafHashOf(leaf),
    ...(idx === null ? {} : { index: Number(idx) }),
  };
}
