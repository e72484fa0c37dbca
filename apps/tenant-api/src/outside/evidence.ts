import { createHash } from 'node:crypto';
import type { TenantContext } from '@writ/domain';
import { type PlanePool, withTenant } from '@writ/postgres';
import { z } from 'zod';
import type { CheckpointView, DecisionQuery, DecisionView, EntryView, EvidencePort } from '../ports.js';

interface Row {
  readonly record_id: string;
  readonly request_id: string | null;
  readonly kind: string;
  readonly leaf: Buffer;
  readonly committed_at: Date;
  readonly [column: string]: unknown;
}

const columns = 'record_id, request_id, kind, leaf, committed_at';

/** The clear members of a leaf that the console shows. The leaf itself goes along: it alone is evidence. */
const decisionLeaf = z.object({
  effect: z.enum(['permit', 'deny']),
  code: z.string().optional(),
  rules: z.unknown().optional(),
  endpoints: z.unknown().optional(),
  model: z.string(),
  policy: z.object({ hash: z.string(), version: z.number() }),
  classification: z.object({ classes: z.record(z.string(), z.unknown()).optional() }).nullish(),
});
const outcomeLeaf = z.object({ result: z.string() });

/** Reads the tenant's ledger as the tenant's own role, in its own schema. */
export function postgresEvidence(plane: PlanePool): EvidencePort {
  return {
    async decision(tenant, record) {
      return withTenant(plane, tenant, async (transaction) => {
        const found = await transaction.query<Row>(
          `SELECT ${columns} FROM ${transaction.schema}.record WHERE record_id = $1 AND kind = 'decision'`,
          [record],
        );
        const [row] = found;
        if (row === undefined) return undefined;
        const all = await transaction.query<Row>(
          `SELECT ${columns} FROM ${transaction.schema}.record WHERE request_id = $1 ORDER BY record_id LIMIT 1000`,
          [row.request_id],
        );
        return viewOf(row, all);
      });
    },
    decisions: (tenant, query) => decisions(plane, tenant, query),
    checkpoints: (tenant, first) => checkpoints(plane, tenant, first),
  };
}

/** Reads at most this many decisions back for one page of a filter, so that a rare class cannot scan a whole ledger. */
const scanned = 2_000;

async function decisions(
  plane: PlanePool,
  tenant: TenantContext,
  query: DecisionQuery,
): Promise<readonly DecisionView[]> {
  return withTenant(plane, tenant, async (transaction) => {
    const rows = await transaction.query<Row>(
      `SELECT ${columns} FROM ${transaction.schema}.record
       WHERE kind = 'decision' AND ($1::uuid IS NULL OR record_id < $1) AND ($2::text IS NULL OR effect = $2)
         AND ($3::timestamptz IS NULL OR committed_at >= $3) AND ($4::timestamptz IS NULL OR committed_at < $4)
       ORDER BY record_id DESC LIMIT $5`,
      [query.after ?? null, query.effect ?? null, dateOf(query.fromMs), dateOf(query.toMs), scanned],
    );
    const wanted = rows
      .map((row) => ({ row, view: viewOf(row, []) }))
      .filter(({ view }) => query.code === undefined || view?.code === query.code)
      .filter(({ view }) => query.class === undefined || view?.classes.includes(query.class))
      .slice(0, query.first);
    const requests = wanted.map(({ row }) => row.request_id);
    const all = await transaction.query<Row>(
      `SELECT ${columns} FROM ${transaction.schema}.record WHERE request_id = ANY($1::uuid[]) ORDER BY record_id LIMIT 5000`,
      [requests],
    );
    return wanted.flatMap(
      ({ row }) =>
        viewOf(
          row,
          all.filter((other) => other.request_id === row.request_id),
        ) ?? [],
    );
  });
}

async function checkpoints(plane: PlanePool, tenant: TenantContext, first: number): Promise<readonly CheckpointView[]> {
  return withTenant(plane, tenant, async (transaction) => {
    const rows = await transaction.query<{ size_after: string; root: Buffer; note: string; seq_ts: Date }>(
      `SELECT size_after, root, note, seq_ts FROM ${transaction.schema}.batch ORDER BY size_after DESC LIMIT $1`,
      [first],
    );
    return rows.map((row) => ({
      origin: row.note.split('\n')[0] ?? '',
      size: Number(row.size_after),
      rootHash: row.root.toString('hex'),
      note: row.note,
      atMs: row.seq_ts.getTime(),
    }));
  });
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}

function viewOf(row: Row, all: readonly Row[]): DecisionView | undefined {
  const leaf = decisionLeaf.safeParse(payloadOf(row.leaf));
  if (!leaf.success) return undefined;
  const { data } = leaf;
  const outcome = all.findLast(({ kind }) => kind === 'outcome');
  const closed = outcome && outcomeLeaf.safeParse(payloadOf(outcome.leaf));
  return {
    record: row.record_id,
    request: row.request_id ?? '',
    effect: data.effect,
    ...(data.code !== undefined && { code: data.code }),
    matched: stringsIn(data.rules),
    classes: Object.keys(data.classification?.classes ?? {}),
    authorizedEndpoints: stringsIn(data.endpoints),
    requestedModel: data.model,
    policyHash: data.policy.hash,
    policyVersion: data.policy.version,
    atMs: row.committed_at.getTime(),
    ...(closed?.success && { result: closed.data.result }),
    entries: all.map(entryOf),
  };
}

function entryOf(row: Row): EntryView {
  return {
    record: row.record_id,
    kind: row.kind,
    atMs: row.committed_at.getTime(),
    leaf: row.leaf.toString('latin1'),
    leafHash: createHash('sha256').update(Uint8Array.of(0)).update(row.leaf).digest('hex'),
  };
}

/** The payload of a leaf that the ledger wrote; it was verified when it was sequenced, and is shown, not trusted. */
function payloadOf(leaf: Buffer): unknown {
  const payload = leaf.toString('latin1').split('.')[1];
  return payload === undefined ? undefined : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}

function stringsIn(value: unknown): readonly string[] {
  const list: unknown = typeof value === 'object' && value !== null && 'values' in value ? value.values : value;
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}
