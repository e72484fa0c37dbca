// What one call of `ledger.append` costs inside the database, without its commit: records x tenants.
//   node tools/with-node.mjs node bench/ledger-append.mjs      (after npm run build)
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres } from '../deploy/local/dist/index.js';
import { uuidv7 } from '../libs/platform/dist/index.js';
import { logOrigin, logins, migrate, planePool, provisionTenant, writerRegister } from '../libs/postgres/dist/index.js';

const rounds = 60;
const folder = mkdtempSync(join(tmpdir(), 'writ-bench-'));
const database = await startPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
try {
  await migrate(database.url('postgres'), Object.fromEntries(logins.map((login) => [login, database.password(login)])));
  const api = planePool('writ_tenant_api', { url: database.url('writ_tenant_api'), max: 1 });
  const gateway = planePool('writ_gateway', { url: database.url('writ_gateway'), max: 1 });
  const tenants = [];
  for (let n = 0; n < 64; n += 1) {
    const tenant = randomUUID();
    await provisionTenant(api, { tenant, origin: logOrigin('bench.example', tenant) });
    tenants.push(tenant);
  }
  await writerRegister(gateway).enrol({ id: 'bench', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  const client = new Client({ connectionString: database.url('writ_gateway') });
  await client.connect();
  let sequence = 0;
  const columns = (records, spread) => {
    const each = (value) => Array.from({ length: records }, (_, n) => value(n));
    return [
      each(() => 'bench/1'),
      each(() => (sequence += 1)),
      each((n) => tenants[n % spread]),
      each(() => uuidv7(Date.now())),
      each(() => randomUUID()),
      each(() => 'decision'),
      each(() => 'permit'),
      each(() => 'y6'),
      each(() => randomBytes(1_500)),
      each(() => randomBytes(500)),
      each(() => 'subject'),
      each(() => randomBytes(60)),
    ];
  };
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1].toFixed(2);
  const text = 'SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)';
  for (const [records, spread] of [
    [1, 1],
    [16, 1],
    [64, 1],
    [16, 16],
    [64, 64],
  ]) {
    const [calls, commits] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const values = columns(records, spread);
      await client.query('BEGIN');
      const begun = performance.now();
      await client.query({ name: 'append', text, values });
      const appended = performance.now();
      await client.query('COMMIT');
      calls.push(appended - begun);
      commits.push(performance.now() - appended);
    }
    console.log(`${records} records x ${spread} tenants: append ${median(calls)} ms, commit ${median(commits)} ms`);
  }
  await client.end();
  await api.close();
  await gateway.close();
} finally {
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
