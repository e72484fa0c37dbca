import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { type PlanePool, enqueue, migrate, withTenant, workIndex } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { Runtime, checking, jobClasses } from '@writ/worker';
import { type TestDatabase, passwordsOf, startDatabase } from './database.js';
import { seal } from './job-room.js';

let database: TestDatabase;
let plane: PlanePool;
let tenant: TenantContext;
let because: string | undefined;

beforeAll(async () => {
  database = await startDatabase();
  await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
  plane = database.plane('writ_worker', 3);
  tenant = await database.tenant();
  const admin = await database.session('postgres');
  await admin.query(
    `INSERT INTO control.domain (id, tenant_id, name, challenge, verified_at) VALUES ($1, $2, 'mercy.example', 'c0ffee', now())`,
    [randomUUID(), tenant.tenant],
  );
});
afterAll(() => database.close());

async function look(): Promise<void> {
  const id = randomUUID();
  await withTenant(plane, tenant, ({ query }) =>
    enqueue(query, tenant.tenant, { id, queue: 'upkeep', payload: { kind: 'check' } }),
  );
  const runtime = new Runtime(
    jobClasses.upkeep,
    checking(plane, () => Promise.resolve(because)),
    {
      index: workIndex(plane),
      seal,
      clock: systemClock,
      random: () => 0,
      stopping: new AbortController().signal,
      onProblem: () => undefined,
      onResult: () => undefined,
      reached: () => undefined,
    },
  );
  expect(await runtime.take(seal.seal('upkeep', { tenant: tenant.tenant, job: id, attempt: 0 }))).toBe('done');
}

const shown = () =>
  withTenant(plane, tenant, ({ query }) => query('SELECT kind, name, ok, failures, because FROM control.upkeep_check'));
const told = async (): Promise<number> => {
  const rows = await withTenant(plane, tenant, ({ query }) =>
    query<{ n: number }>(`SELECT count(*)::int AS n FROM control.work WHERE queue = 'notify'`),
  );
  return rows[0]?.n ?? -1;
};

describe('F30: what a tenant depends on outside', () => {
  it('is looked at again, shown with its failures in a row, and told once when it breaks and once when it is mended', async () => {
    await look();
    expect(await shown()).toMatchObject([{ kind: 'domain', name: 'mercy.example', ok: true, failures: 0 }]);
    expect(await told()).toBe(0);
    because = 'the TXT record no longer holds the challenge';
    await look();
    await look();
    expect(await shown()).toMatchObject([{ ok: false, failures: 2, because }]);
    expect(await told()).toBe(1);
    because = undefined;
    await look();
    expect(await shown()).toMatchObject([{ ok: true, failures: 0, because: null }]);
    expect(await told()).toBe(2);
  });
});
