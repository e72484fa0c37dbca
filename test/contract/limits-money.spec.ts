import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LocalRedis } from '@writ/local';
import { systemClock } from '@writ/platform';
import { budgetStore, migrate, usageStore, type BudgetStore } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { createLimits, type Limits } from '@writ/redis';
import { aSubject, aTenantContext } from '../support/index.js';
import { aTenantId, passwordsOf, startDatabase, type TestDatabase } from './database.js';
import { admitted, anAsk, closeAll, connected, startServer, usage, withBudget, worstMicros } from './limits-room.js';

let server: LocalRedis;
let database: TestDatabase;
let store: BudgetStore;

beforeAll(async () => {
  [server, database] = await Promise.all([startServer(), startDatabase(['timezone=Pacific/Kiritimati'])]);
  await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
  store = budgetStore(database.plane('writ_gateway', 8));
});
afterAll(async () => {
  await closeAll();
  await Promise.all([server.stop(), database.close()]);
});

async function aGateway(): Promise<Limits> {
  const redis = await connected(server.url);
  return createLimits({ redis, leases: store, clock: systemClock, instances: 4, onProblem: () => undefined });
}

describe('budgets in Postgres', () => {
  it('B1: of 1,000 concurrent requests in four processes against a budget for nine, nine are admitted', async () => {
    const tenant = aTenantContext(aTenantId());
    const gateways = await Promise.all([aGateway(), aGateway(), aGateway(), aGateway()]);
    const snapshot = withBudget(worstMicros * 9n);
    const reserve = (limits: Limits): ReturnType<Limits['reserve']> =>
      limits.reserve(tenant, aSubject(), anAsk(), snapshot, 10);
    const counts = await Promise.all(gateways.map((limits) => admitted(250, () => reserve(limits))));
    expect(counts.reduce((sum, count) => sum + count)).toBe(9);
    await Promise.all(gateways.map((limits) => limits.close()));
  });

  it('B3: what was settled is spent and the rest can be leased by the next process', async () => {
    const tenant = aTenantContext(aTenantId());
    const snapshot = withBudget(worstMicros * 4n);
    const first = await aGateway();
    const answers = await Promise.all([1, 2, 3].map(() => first.reserve(tenant, aSubject(), anAsk(), snapshot, 10)));
    await Promise.all(
      answers.map((answer) =>
        answer.ok ? first.settle(tenant, answer.value, usage, '18') : Promise.reject(new Error()),
      ),
    );
    await first.close();
    const next = await aGateway();
    // 54 of 872 micro-units are spent: three more fit, and not a fourth.
    expect(await admitted(9, () => next.reserve(tenant, aSubject(), anAsk(), snapshot, 10))).toBe(3);
    await next.close();
  });

  it('B3: a process that is killed after it reserved blocks nobody, and what it held comes back when its lease is over', async () => {
    const tenant = aTenantContext(aTenantId());
    const limitMicros = worstMicros * 8n;
    const snapshot = withBudget(limitMicros, { period: 'total' });
    const admin = await database.session('postgres');
    await admin.query(
      `INSERT INTO control.budget (id, tenant_id, name, scope, period, limit_micros, hard)
       VALUES (gen_random_uuid(), $1, 'team', 'tenant', 'total', $2, true)`,
      [tenant.tenant, String(limitMicros)],
    );
    const holder = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'budget-holder.js'),
        database.server.url('writ_gateway'),
        server.url,
        tenant.tenant,
        String(limitMicros),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('held\n');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    // Its slice is an eighth of the ceiling: the other seven are there at once.
    const other = await aGateway();
    const reserve = (): ReturnType<Limits['reserve']> => other.reserve(tenant, aSubject(), anAsk(), snapshot, 10);
    expect(await admitted(9, reserve)).toBe(7);
    await admin.query(
      `UPDATE control.budget_lease SET expires_at = now() - interval '6 minutes' WHERE tenant_id = $1 AND id = (
         SELECT id FROM control.budget_lease WHERE tenant_id = $1 ORDER BY expires_at LIMIT 1)`,
      [tenant.tenant],
    );
    // The next question writes it off; the ledger knows of nothing that it spent, so it comes back.
    const next = await aGateway();
    expect(await admitted(1, () => next.reserve(tenant, aSubject(), anAsk(), snapshot, 10))).toBe(0);
    await admin.query(
      `UPDATE control.budget_lease SET settled_at = now() - interval '6 minutes' WHERE tenant_id = $1 AND settled_at IS NOT NULL`,
      [tenant.tenant],
    );
    expect(await usageStore(database.plane('writ_worker', 1)).reconcile(tenant.tenant)).toBe(1);
    const last = await aGateway();
    expect(await admitted(3, () => last.reserve(tenant, aSubject(), anAsk(), snapshot, 10))).toBe(1);
    await Promise.all([other, next, last].map((limits) => limits.close()));
  }, 60_000);
});
