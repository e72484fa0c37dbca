import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LocalRedis } from '@writ/local';
import { systemClock } from '@writ/platform';
import { budgetStore, migrate, type BudgetStore } from '@writ/postgres';
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
  it('B1: of 1,000 concurrent requests in four processes against a budget for three, three are admitted', async () => {
    const tenant = aTenantContext(aTenantId());
    const gateways = await Promise.all([aGateway(), aGateway(), aGateway(), aGateway()]);
    const snapshot = withBudget(worstMicros * 3n);
    const reserve = (limits: Limits): ReturnType<Limits['reserve']> =>
      limits.reserve(tenant, aSubject(), anAsk(), snapshot, 10);
    const counts = await Promise.all(gateways.map((limits) => admitted(250, () => reserve(limits))));
    expect(counts.reduce((sum, count) => sum + count)).toBe(3);
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
});
