import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { systemClock } from '@writ/platform';
import {
  type PlanePool,
  type TenantMigration,
  migrate,
  migrateTenants,
  schemaOf,
  tenantMigrationProgress,
  tenantVersions,
} from '@writ/postgres';
import { jobClasses, migrateJob, scheduleMigrations } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, passwordsOf, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { type JobRoom, jobRoom } from './job-room.js';

const note: TenantMigration = {
  version: 9_000_001,
  name: 'note',
  statements: `CREATE TABLE %1$I.note (tenant_id uuid NOT NULL CHECK (tenant_id = %2$L), id uuid PRIMARY KEY);
    GRANT SELECT, INSERT ON %1$I.note TO %1$I`,
};
const mark: TenantMigration = {
  version: 9_000_002,
  name: 'mark',
  statements: 'ALTER TABLE %1$I.record ADD COLUMN mark text',
};
let database: TestDatabase;
let admin: Client;
let plane: PlanePool;
let room: JobRoom;
let looking: { stop(): Promise<void> };
const tenants: TenantContext[] = [];

/** Looks at once instead of four times a minute. */
const hurried = {
  ...systemClock,
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  after: (ms: number) => systemClock.after(Math.min(ms, 20)),
};

beforeAll(async () => {
  database = await startDatabase();
  admin = await database.session('postgres');
  for (let made = 0; made < 4; made += 1) tenants.push(await database.tenant());
  plane = database.plane('writ_worker', 8);
  const versions = tenantVersions(plane);
  const backend = { kind: 'postgres', url: database.server.url('writ_queue') } as const;
  room = jobRoom(plane, backend, migrateJob(versions), jobClasses.tenancy);
  looking = scheduleMigrations({ plane, versions, clock: hurried, onProblem: () => undefined });
});
afterAll(async () => {
  await looking.stop();
  await room.stop();
  await database.close();
});

async function has({ tenant }: TenantContext, relation: string, column: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = $1::regnamespace AND c.relname = $2 AND a.attname = $3`,
    [schemaOf(tenant), relation, column],
  );
  return rowCount === 1;
}

const later = (list: readonly TenantMigration[]): Promise<void> =>
  migrate(database.server.url('postgres'), passwordsOf(database.server), [], { list, isLeftToWorkers: true });

describe('a version of the tenants’ schemas that operators only registered', () => {
  it('is brought to every tenant by the workers, once', async () => {
    await later([note]);
    await eventually(async () => {
      for (const tenant of tenants) expect(await has(tenant, 'note', 'id')).toBe(true);
    });
    expect(await migrateTenants(database.server.url('postgres'), [note])).toEqual({ applied: 0, failures: [] });
  });

  it('waits with the one tenant whose table another holds, is told to operators, and comes when it is free', async () => {
    const [held, ...others] = tenants as [TenantContext, ...TenantContext[]];
    const holder = await database.session('postgres');
    await holder.query(`BEGIN; LOCK TABLE ${schemaOf(held.tenant)}.record IN ACCESS EXCLUSIVE MODE`);
    await later([note, mark]);
    await eventually(async () => {
      for (const tenant of others) expect(await has(tenant, 'record', 'mark')).toBe(true);
    });
    await eventually(async () => {
      const { failures } = await tenantMigrationProgress(database.server.url('postgres'));
      expect(failures).toMatchObject([{ tenant: held.tenant, version: mark.version }]);
    });
    await holder.query('ROLLBACK');
    // Given up or not: an operator's retry is what a dead letter waits for.
    await eventually(async () => {
      await admin.query(`SELECT set_config('app.tenant', $1, false)`, [held.tenant]);
      await admin.query('SELECT control.retry_work($1, id) FROM control.work WHERE dead_at IS NOT NULL', [held.tenant]);
      expect(await has(held, 'record', 'mark')).toBe(true);
    });
    expect((await tenantMigrationProgress(database.server.url('postgres'))).failures).toEqual([]);
  });

  it('is applied in its order, whatever a worker asks for', async () => {
    await looking.stop();
    const list = [note, mark, { version: 9_000_003, name: 'third', statements: 'SELECT 1' }];
    await later([...list, { version: 9_000_004, name: 'fourth', statements: 'SELECT 1' }]);
    const worker = await database.session('writ_worker');
    const apply = (version: number) =>
      worker.query('SELECT ledger.apply_version($1, $2) AS applied', [tenants[0]?.tenant, version]);
    await expect(apply(9_000_004)).rejects.toMatchObject({ code: '55000' });
    expect((await apply(9_000_003)).rows).toEqual([{ applied: true }]);
    expect((await apply(9_000_004)).rows).toEqual([{ applied: true }]);
  });

  it('can be neither made nor altered by the worker’s login', async () => {
    const worker = await database.session('writ_worker');
    await expect(
      worker.query(`INSERT INTO ledger.schema_version (version, name, statements) VALUES (1, 'x', 'SELECT 1')`),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(worker.query('SELECT ledger.apply_version($1, 4711)', [tenants[0]?.tenant])).rejects.toMatchObject({
      code: 'P0002',
    });
    await expect(worker.query('SELECT ledger.migrate_tenant($1, 9000001)', [tenants[0]?.tenant])).rejects.toMatchObject(
      { code: '42501' },
    );
  });
});
