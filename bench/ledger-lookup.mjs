// How long it takes to find a decision by its id, with all records of its request and its place in the tree, among many rows.
//   npm run bench:ledger-lookup -- --rows 10000000
// The rows are made inside the database (generate_series), their indexes are built afterwards; then real look-ups are timed
// through the store that the tenant API uses, cold ids each time. Target: 1 s at ten million rows.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { startPostgres } from '@writ/local';
import { tenantOfJob } from '@writ/domain';
import { evidenceStore, logOrigin, logins, migrate, planePool, provisionTenant, schemaOf } from '@writ/postgres';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const rows = Math.ceil(Number(values.rows) / 2_048) * 2_048;
const batchRows = 1_024;
const folder = mkdtempSync(join(tmpdir(), 'writ-lookup-'));
const settings = ['max_wal_size=16GB', 'shared_buffers=512MB', 'maintenance_work_mem=512MB', 'checkpoint_timeout=1h'];
const database = await startPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined, settings });
const since = (begun) => ((performance.now() - begun) / 1_000).toFixed(1);
try {
  await migrate(database.url('postgres'), Object.fromEntries(logins.map((login) => [login, database.password(login)])));
  const api = planePool('writ_tenant_api', { url: database.url('writ_tenant_api'), max: 2 });
  const tenant = randomUUID();
  await provisionTenant(api, { tenant, origin: logOrigin('bench.example', tenant) });
  const schema = schemaOf(tenant);
  const admin = new Client({ connectionString: database.url('postgres') });
  admin.on('error', () => undefined);
  await admin.connect();
  const begun = performance.now();
  await load(admin, schema, tenant);
  console.log(`${rows} records and ${rows / batchRows} batches loaded in ${since(begun)} s`);
  const { rows: sizes } = await admin.query(
    `SELECT pg_size_pretty(pg_total_relation_size('${schema}.record')) AS record, pg_size_pretty(pg_total_relation_size('${schema}.batch')) AS batch`,
  );
  console.log(`on disk: record ${sizes[0].record}, batch ${sizes[0].batch}`);
  await look(admin, schema, evidenceStore(api), tenantOfJob(tenant));
  await admin.end();
  await api.close();
} finally {
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Two records a request, decision and outcome, evenly ten milliseconds apart. */
async function load(admin, schema, tenant) {
  const stepMs = 10;
  const from = Date.now() - rows * stepMs;
  const idOf = (n) =>
    `(lpad(to_hex(${from}::bigint + (${n}) * ${stepMs}), 12, '0') || '7000' || '8000' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  await admin.query(`ALTER TABLE ${schema}.record DROP CONSTRAINT record_pkey, DROP CONSTRAINT record_writer_writer_sequence_key;
    DROP INDEX ${schema}.record_request, ${schema}.record_permit`);
  const chunk = 512 * batchRows;
  for (let at = 0; at < rows; at += chunk) {
    await admin.query(`INSERT INTO ${schema}.record (tenant_id, record_id, request_id, kind, keep_class, writer, writer_sequence, effect, leaf, committed_at)
      SELECT '${tenant}', ${idOf('n')}, ${idOf('n / 2')}, CASE n % 2 WHEN 0 THEN 'decision' ELSE 'outcome' END, 'y6', 'gw-' || n % 8 || '/1', n + 1,
        CASE WHEN n % 2 = 0 THEN CASE n % 10 WHEN 0 THEN 'deny' ELSE 'permit' END END,
        convert_to(repeat(md5(n::text), 12), 'UTF8'), to_timestamp((${from}::bigint + n * ${stepMs}) / 1000.0)
      FROM generate_series(${at}::bigint, ${Math.min(rows, at + chunk) - 1}) n`);
  }
  await admin.query(`ALTER TABLE ${schema}.record ADD PRIMARY KEY (record_id), ADD UNIQUE (writer, writer_sequence);
    CREATE INDEX record_request ON ${schema}.record (request_id) WHERE request_id IS NOT NULL;
    CREATE INDEX record_permit ON ${schema}.record (writer, record_id) WHERE effect = 'permit'`);
  // The look-up reads places and times; the hashes of a real tree have the same size.
  const columns = 'tenant_id, first_idx, size_after, leaf_hashes, record_ids, frontier, root, note, seq_ts, tick';
  await admin.query(`INSERT INTO ${schema}.batch (${columns})
    VALUES ('${tenant}', -1, 0, '', '{}', '', sha256(''), 'note', to_timestamp(${from} / 1000.0), 0)`);
  await admin.query(`INSERT INTO ${schema}.batch (${columns})
    SELECT '${tenant}', b * ${batchRows}, (b + 1) * ${batchRows}, decode(repeat(md5(b::text) || md5(b::text), ${batchRows}), 'hex'),
      ARRAY(SELECT ${idOf(`b * ${batchRows} + n`)} FROM generate_series(0, ${batchRows - 1}) n),
      decode(repeat('00', 32 * bit_count((b * ${batchRows})::bit(64))::int), 'hex'), sha256(b::text::bytea), 'note',
      to_timestamp((${from}::bigint + (b + 1) * ${batchRows * stepMs}) / 1000.0), b
    FROM generate_series(0::bigint, ${rows / batchRows - 1}) b`);
  await admin.query(`VACUUM ANALYZE ${schema}.record`);
  await admin.query(`VACUUM ANALYZE ${schema}.batch`);
}

async function look(admin, schema, store, tenant) {
  const picked = Array.from({ length: 300 }, () => 2 * Math.floor(Math.random() * (rows / 2)));
  const { rows: probes } = await admin.query(
    `SELECT record_id::text AS id FROM ${schema}.record WHERE (writer, writer_sequence) IN (${picked
      .map((n) => `('gw-${n % 8}/1', ${n + 1})`)
      .join(', ')})`,
  );
  const took = [];
  for (const { id } of probes) {
    const begun = performance.now();
    const entries = await store.request(tenant, id);
    took.push(performance.now() - begun);
    if (entries.length < 1 || entries.some(({ index }) => index === undefined))
      throw new Error(`${id} was not found whole`);
  }
  const pages = [];
  for (let page = 0; page < 20; page += 1) {
    const begun = performance.now();
    await store.decisions(tenant, { limit: 100, before: probes[page % probes.length].id });
    pages.push(performance.now() - begun);
  }
  console.log(`decision by id, ${took.length} look-ups: ${percentiles(took)}   (target: 1,000 ms)`);
  console.log(`page of 100 decisions, ${pages.length} pages: ${percentiles(pages)}`);
}

function percentiles(all) {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}
