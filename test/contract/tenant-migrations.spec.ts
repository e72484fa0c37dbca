import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { repository } from '@writ/local';
import {
  type TenantMigration,
  TenantMigrationsIncomplete,
  migrate,
  migrateTenants,
  schemaOf,
  tenantMigrationProgress,
} from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, passwordsOf, startDatabase } from './database.js';
import { eventually } from './eventually.js';

const first: TenantMigration = {
  version: 9_000_001,
  name: 'note',
  statements: `CREATE TABLE %1$I.note (tenant_id uuid NOT NULL CHECK (tenant_id = %2$L), id uuid PRIMARY KEY);
    GRANT SELECT, INSERT ON %1$I.note TO %1$I; GRANT SELECT ON %1$I.note TO %3$I`,
};
const second: TenantMigration = {
  version: 9_000_002,
  name: 'record-mark',
  statements: 'ALTER TABLE %1$I.record ADD COLUMN mark text',
};
const slowVersion = 9_000_005;
let database: TestDatabase;
let admin: Client;
let url: string;
let tenants: TenantContext[];

beforeAll(async () => {
  database = await startDatabase();
  url = database.server.url('postgres');
  admin = await database.session('postgres');
  tenants = [];
  for (let made = 0; made < 8; made += 1) tenants.push(await database.tenant());
});
afterAll(() => database.close());

const columnsOf = async ({ tenant }: TenantContext): Promise<readonly string[]> => {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = $1::regnamespace AND (c.relname, a.attname) IN (('note', 'id'), ('record', 'mark'))`,
    [schemaOf(tenant)],
  );
  return rows.map(({ name }) => name).toSorted();
};

describe('migrations over every tenant schema', () => {
  it('bring every tenant to every version, once, with the constant check and explicit grants', async () => {
    await migrate(url, passwordsOf(database.server), [], { list: [first] });
    for (const tenant of tenants) expect(await columnsOf(tenant)).toEqual(['note.id']);
    const [mine, other] = tenants as [TenantContext, TenantContext];
    const insert = `INSERT INTO ${schemaOf(mine.tenant)}.note VALUES ($1, gen_random_uuid())`;
    await expect(admin.query(insert, [other.tenant])).rejects.toMatchObject({ code: '23514' });
    expect(await migrateTenants(url, [first])).toEqual({ applied: 0, failures: [] });
  });

  it('reach whoever is provisioned afterwards, in the transaction that provisions', async () => {
    const late = await database.tenant();
    tenants.push(late);
    expect(await columnsOf(late)).toEqual(['note.id']);
    expect(await migrateTenants(url, [first])).toEqual({ applied: 0, failures: [] });
  });

  it('F15: leave a tenant whose table another holds, change all others, name it, and take it up later', async () => {
    const locked = tenants[3] as TenantContext;
    const holder = await database.session('postgres');
    await holder.query(`BEGIN; LOCK TABLE ${schemaOf(locked.tenant)}.record IN ACCESS EXCLUSIVE MODE`);
    const run = migrate(url, passwordsOf(database.server), [], {
      list: [first, second],
      lockTimeoutMs: 20,
      attempts: 2,
    });
    await expect(run).rejects.toThrow(TenantMigrationsIncomplete);
    for (const tenant of tenants)
      expect(await columnsOf(tenant)).toEqual(tenant === locked ? ['note.id'] : ['note.id', 'record.mark']);
    const { versions, failures } = await tenantMigrationProgress(database.server.url('writ_worker'));
    const ours = versions.filter(({ version }) => version <= slowVersion);
    expect(ours).toMatchObject([
      { version: first.version, tenants: tenants.length, applied: tenants.length, failed: 0 },
      { version: second.version, tenants: tenants.length, applied: tenants.length - 1, failed: 1 },
    ]);
    expect(failures).toEqual([
      { tenant: locked.tenant, version: second.version, reason: expect.stringContaining('lock timeout') },
    ]);
    await holder.query('ROLLBACK');
    expect(await migrateTenants(url, [first, second])).toEqual({ applied: 1, failures: [] });
    expect((await tenantMigrationProgress(url)).failures).toEqual([]);
    expect(await columnsOf(locked)).toEqual(['note.id', 'record.mark']);
  });

  it('stop at the version that fails for a tenant, and undo the whole of it', async () => {
    const broken: TenantMigration = {
      version: 9_000_003,
      name: 'broken',
      statements: `CREATE TABLE %1$I.half (tenant_id uuid); SELECT 1 / (CASE WHEN %2$L = '${tenants[0]?.tenant}' THEN 0 ELSE 1 END)`,
    };
    const after: TenantMigration = {
      version: 9_000_004,
      name: 'after',
      statements: 'COMMENT ON TABLE %1$I.half IS NULL',
    };
    const report = await migrateTenants(url, [first, second, broken, after]);
    expect(report.applied).toBe(2 * (tenants.length - 1));
    expect(report.failures).toEqual([
      { tenant: tenants[0]?.tenant, version: broken.version, reason: 'division by zero' },
    ]);
    const { rows } = await admin.query(`SELECT FROM pg_class WHERE relname = 'half'`);
    expect(rows).toHaveLength(tenants.length - 1);
  });

  it('go on where a killed run stopped: no version is lost and none is applied twice', async () => {
    const slow: TenantMigration = {
      version: slowVersion,
      name: 'slow',
      statements: `CREATE TABLE %1$I.slow (tenant_id uuid NOT NULL CHECK (tenant_id = %2$L)); SELECT pg_sleep(0.02)`,
    };
    // The tenant of the broken version would stop the run before it comes here.
    await admin.query('INSERT INTO ledger.tenant_migration SELECT $1, v FROM unnest($2::bigint[]) v', [
      tenants[0]?.tenant,
      [9_000_003, 9_000_004],
    ]);
    const program = `import { migrateTenants } from '@writ/postgres';
      const { url, list } = JSON.parse(process.argv[1]);
      await migrateTenants(url, list, { workers: 1, onStep: ({ done }) => { if (done >= 3) process.kill(process.pid, 'SIGKILL'); } });`;
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', program, JSON.stringify({ url, list: [slow] })],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    // It ends itself after its third tenant: nobody from outside can come too late.
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const applied = async (): Promise<number> =>
      (await admin.query('SELECT FROM ledger.tenant_migration WHERE version = $1', [slow.version])).rows.length;
    // The server may still be at the statement whose client died; it ends by itself, whole or not at all.
    await eventually(async () =>
      expect((await admin.query(`SELECT FROM pg_stat_activity WHERE application_name = 'writ-migrate'`)).rows).toEqual(
        [],
      ),
    );
    const before = await applied();
    expect(before).toBeGreaterThanOrEqual(3);
    expect(before).toBeLessThan(tenants.length);
    const report = await migrateTenants(url, [slow]);
    expect(report).toEqual({ applied: tenants.length - before, failures: [] });
    expect(await applied()).toBe(tenants.length);
    expect((await admin.query(`SELECT FROM pg_class WHERE relname = 'slow'`)).rows).toHaveLength(tenants.length);
  });

  it('show operators how far they are', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'writ-migrate-')), 'url');
    writeFileSync(file, url);
    const status = ['migrate', 'status', '--database-url-file', file];
    const program = join(repository, 'apps/cli/dist/main.js');
    const { stdout } = spawnSync(process.execPath, [program, ...status, '--json'], { encoding: 'utf8' });
    const { versions } = JSON.parse(stdout) as { versions: readonly { name: string; applied: number }[] };
    expect(versions.find(({ name }) => name === 'slow')?.applied).toBe(tenants.length);
    const shown = spawnSync(process.execPath, [program, ...status], { encoding: 'utf8' }).stdout;
    expect(shown).toContain(`${slowVersion} slow: ${tenants.length} of ${tenants.length} tenants`);
  });

  it('refuse to run when a released version was edited', async () => {
    const edited = { ...first, statements: `${first.statements};` };
    await expect(migrateTenants(url, [edited])).rejects.toThrow('released with other statements');
  });
});
