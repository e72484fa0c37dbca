import { createHash } from 'node:crypto';
import type { TenantContext, TenantId } from '@writ/domain';
import { CompactRange, type LogSigner, signCheckpoint } from '@writ/ledger';
import { logOrigin, schemaOf } from '@writ/postgres';
import type { Client } from 'pg';
import { leafHashOf } from './leaves.js';

const batchRows = 1_024;
const stepMs = 10;
const chunkRows = 512 * batchRows;
/** Older than the longest class keeps: everything has expired. */
const ageMs = 11 * 365 * 86_400_000;

/** Rounded up to whole batches, so that the tree is what the sequencer would have made. */
export const wholeBatches = (records: number): number => Math.ceil(records / batchRows) * batchRows;

/**
 * A log of so many records, two a request, all expired. The rows are made inside the database and indexed afterwards; the
 * tree over them is computed here, so an export of it is whole and a sequencer goes on from its end. Nothing is flushed until
 * all is there.
 */
export async function loadRecords(
  admin: Client,
  { tenant }: TenantContext,
  records: number,
  key: LogSigner,
  say: (line: string) => void,
): Promise<void> {
  const schema = schemaOf(tenant);
  const fromMs = Date.now() - ageMs - records * stepMs;
  await admin.query(`ALTER SYSTEM SET fsync = off`);
  await admin.query(`SELECT pg_reload_conf()`);
  await admin.query(`ALTER TABLE ${schema}.record DROP CONSTRAINT record_pkey, DROP CONSTRAINT record_writer_writer_sequence_key;
    DROP INDEX ${schema}.record_request, ${schema}.record_permit`);
  const range = new CompactRange();
  for (let at = 0; at < records; at += chunkRows) {
    const to = Math.min(records, at + chunkRows);
    await insertRows(admin, schema, tenant, fromMs, at, to);
    await insertBatches(admin, schema, tenant, fromMs, at, to, range, key);
    say(`  ${to} rows`);
  }
  await admin.query(`ALTER TABLE ${schema}.record ADD PRIMARY KEY (record_id), ADD UNIQUE (writer, writer_sequence);
    CREATE INDEX record_request ON ${schema}.record (request_id) WHERE request_id IS NOT NULL;
    CREATE INDEX record_permit ON ${schema}.record (writer, record_id) WHERE effect = 'permit'`);
  await admin.query(`VACUUM ANALYZE ${schema}.record`);
  await admin.query(`VACUUM ANALYZE ${schema}.batch`);
  await admin.query(`ALTER SYSTEM RESET fsync`);
  await admin.query(`SELECT pg_reload_conf()`);
  await admin.query('CHECKPOINT');
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** UUID of version 7 (RFC 9562) of the n-th record; the SQL below says the same. */
function idOf(fromMs: number, n: number): string {
  const time = hex(fromMs + n * stepMs, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${hex(n, 12)}`;
}

function leafOf(n: number): Buffer {
  return Buffer.from(createHash('md5').update(String(n)).digest('hex').repeat(12));
}

async function insertRows(
  admin: Client,
  schema: string,
  tenant: TenantId,
  fromMs: number,
  from: number,
  to: number,
): Promise<void> {
  const id = (n: string): string =>
    `(lpad(to_hex(${fromMs}::bigint + (${n}) * ${stepMs}), 12, '0') || '70008000' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  await admin.query(`INSERT INTO ${schema}.record
      (tenant_id, record_id, request_id, kind, keep_class, writer, writer_sequence, effect, leaf, committed_at)
    SELECT '${tenant}', ${id('n')}, ${id('n / 2')}, CASE n % 2 WHEN 0 THEN 'decision' ELSE 'outcome' END, 'y6', 'gw-' || n % 8 || '/1',
      n + 1, CASE WHEN n % 2 = 0 THEN CASE n % 10 WHEN 0 THEN 'deny' ELSE 'permit' END END,
      convert_to(repeat(md5(n::text), 12), 'UTF8'), to_timestamp((${fromMs}::bigint + n * ${stepMs}) / 1000.0)
    FROM generate_series(${from}::bigint, ${to - 1}) n`);
}

async function insertBatches(
  admin: Client,
  schema: string,
  tenant: TenantId,
  fromMs: number,
  from: number,
  to: number,
  range: CompactRange,
  key: LogSigner,
): Promise<void> {
  const origin = logOrigin('ledger.example.org', tenant);
  const text = `INSERT INTO ${schema}.batch (tenant_id, first_idx, size_after, leaf_hashes, record_ids, frontier, root, note, seq_ts, tick)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $2)`;
  const insert = (
    first: number,
    size: number,
    hashes: readonly Uint8Array[],
    ids: readonly string[],
    before: Buffer,
  ) => {
    const root = range.root();
    const note = signCheckpoint({ origin, size, root }, key);
    const at = new Date(fromMs + size * stepMs);
    const values = [tenant, first, size, Buffer.concat(hashes), ids, before, Buffer.from(root), note, at];
    return admin.query({ name: 'bench.batch', text, values });
  };
  if (from === 0) await insert(-1, 0, [], [], Buffer.alloc(0));
  for (let first = from; first < to; first += batchRows) {
    const before = Buffer.concat(range.frontier());
    const numbers = Array.from({ length: batchRows }, (_, n) => first + n);
    const hashes = numbers.map((n) => leafHashOf(leafOf(n)));
    for (const hash of hashes) range.append(hash);
    // oxlint-disable-next-line no-await-in-loop -- each batch builds on the one before it
    await insert(
      first,
      first + batchRows,
      hashes,
      numbers.map((n) => idOf(fromMs, n)),
      before,
    );
  }
}
