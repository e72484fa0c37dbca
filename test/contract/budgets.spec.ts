import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BudgetKey, type BudgetStore, budgetStore } from '@writ/postgres';
import { type TestDatabase, aTenantId, startDatabase } from './database.js';

let database: TestDatabase;
let store: BudgetStore;

beforeAll(async () => {
  database = await startDatabase();
  store = budgetStore(database.plane('writ_gateway', 8));
});
afterAll(() => database.close());

const aKey = (): BudgetKey => ({
  tenant: aTenantId(),
  budget: 'month',
  holder: '',
  periodStart: 0,
});
const ask = { period: 'total' as const, limitMicros: 1_000n, leastMicros: 10n, sliceMicros: 10n, seconds: 60 };

describe('a budget', () => {
  it('never leases more than its ceiling, however many ask at once', async () => {
    const key = aKey();
    const answers = await Promise.all(Array.from({ length: 150 }, () => store.lease(key, ask)));
    const granted = answers.flatMap((answer) => (answer.ok ? [answer.value.grantedMicros] : []));
    expect(granted.reduce((sum, each) => sum + each, 0n)).toBe(1_000n);
    expect(answers.filter((answer) => !answer.ok && answer.error === 'exhausted')).toHaveLength(50);
  });

  it('grants what is left when the slice asked for is larger, and nothing when the least is not left', async () => {
    const key = aKey();
    const first = await store.lease(key, { ...ask, sliceMicros: 995n });
    expect(first).toMatchObject({ ok: true, value: { grantedMicros: 995n, remainingMicros: 5n } });
    expect(await store.lease(key, ask)).toEqual({ ok: false, error: 'exhausted' });
    expect(await store.lease(key, { ...ask, leastMicros: 5n })).toMatchObject({
      ok: true,
      value: { grantedMicros: 5n },
    });
  });

  it('takes back what a settled slice did not spend, once', async () => {
    const key = aKey();
    const first = await store.lease(key, { ...ask, sliceMicros: 1_000n });
    if (!first.ok) throw new Error(first.error);
    expect(await store.settle(first.value, 400n)).toEqual({ ok: true, value: true });
    expect(await store.settle(first.value, 400n)).toEqual({ ok: true, value: false });
    expect(await store.lease(key, { ...ask, sliceMicros: 1_000n })).toMatchObject({
      ok: true,
      value: { grantedMicros: 600n },
    });
  });

  it('counts a slice that ran out unsettled as spent, until its gateway says what was', async () => {
    const key = aKey();
    const first = await store.lease(key, { ...ask, sliceMicros: 900n });
    if (!first.ok) throw new Error(first.error);
    const admin = await database.session('postgres');
    await admin.query(`UPDATE control.budget_lease SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      first.value.id,
    ]);
    expect(await store.lease(key, { ...ask, leastMicros: 101n, sliceMicros: 101n })).toEqual({
      ok: false,
      error: 'exhausted',
    });
    expect(await store.settle(first.value, 100n)).toEqual({ ok: true, value: true });
    expect(await store.lease(key, { ...ask, sliceMicros: 1_000n })).toMatchObject({
      ok: true,
      value: { grantedMicros: 900n },
    });
    const { rows } = await admin.query(
      'SELECT spent_micros, written_off_micros FROM control.budget_state WHERE tenant_id = $1',
      [key.tenant],
    );
    expect(rows).toEqual([{ spent_micros: '100', written_off_micros: '0' }]);
  });
});

describe('which period it is', () => {
  it('B6: the database says, and nothing of another day or month is leased', async () => {
    const nowMs = await store.nowMs();
    const day = new Date(nowMs ?? 0).setUTCHours(0, 0, 0, 0);
    const of = (period: 'day' | 'month' | 'total', periodStart: number) =>
      store.lease({ ...aKey(), periodStart }, { ...ask, period });
    expect(await of('day', day)).toMatchObject({ ok: true });
    expect(await of('total', 0)).toMatchObject({ ok: true });
    for (const shifted of [day + 86_400_000, day - 86_400_000, day + 1, 0])
      expect(await of('day', shifted)).toEqual({ ok: false, error: 'other-period' });
    expect(await of('month', Date.UTC(2020, 0, 1))).toEqual({ ok: false, error: 'other-period' });
    expect(await of('total', day)).toEqual({ ok: false, error: 'other-period' });
  });
});
