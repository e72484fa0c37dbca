import { describe, expect, it } from '@jest/globals';
import { err, ok, type Budget, type Result, type Subject, type TenantId } from '@writ/domain';
import { Budgets } from './budgets.js';
import type { BudgetLease, BudgetLeases } from './leases.js';
import { periodEnd, periodStart } from './purse.js';

const tenant = '0198a000-0000-7000-8000-00000000000a' as TenantId;
const nora = { id: 'nora', issuer: 'i', roles: [], connection: 'c' } as unknown as Subject;
const budget: Budget = { id: 'b', scope: 'tenant', period: 'total', limitMicros: '1000', hard: true };

/** A store that grants what is asked for, when it is told to. */
class SlowLeases implements BudgetLeases {
  readonly settled: bigint[] = [];
  readonly #waiting: (() => void)[] = [];
  lost = 0;
  asked = 0;

  nowMs(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  async lease(
    key: BudgetLease['key'],
    ask: Parameters<BudgetLeases['lease']>[1],
  ): Promise<Result<BudgetLease, 'exhausted'>> {
    this.asked += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
    return ok({ id: `${this.asked}`, key, grantedMicros: ask.sliceMicros, remainingMicros: 0n });
  }

  settle(_lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>> {
    this.settled.push(spentMicros);
    return Promise.resolve(this.lost-- > 0 ? err('unavailable') : ok(true));
  }

  answer(): void {
    this.#waiting.shift()?.();
  }
}

describe('a purse', () => {
  it('is not forgotten while a slice is on its way, so that no lease is orphaned', async () => {
    const leases = new SlowLeases();
    const budgets = new Budgets({ leases, nowMs: () => 0, monotonicMs: () => 0, instances: 1 });
    const first = budgets.hold(tenant, [budget], nora, 10n);
    expect(await budgets.sweep()).toBe(false);
    leases.answer();
    const held = await first;
    if (held.ok) held.value.settle(7n);
    expect((await budgets.hold(tenant, [budget], nora, 10n)).ok).toBe(true);
    expect(leases.asked).toBe(1);
    await budgets.sweep(true);
    expect(leases.settled).toEqual([17n]);
  });

  it('spends nothing more of a slice whose return got no answer, and returns it again', async () => {
    let now = 0;
    const leases = new SlowLeases();
    const budgets = new Budgets({ leases, nowMs: () => now, monotonicMs: () => now, instances: 1 });
    const asked = budgets.hold(tenant, [budget], nora, 10n);
    leases.answer();
    const held = await asked;
    if (held.ok) held.value.settle(3n);
    now = 20_000;
    leases.lost = 1;
    expect(await budgets.sweep()).toBe(false);
    const again = budgets.hold(tenant, [budget], nora, 10n);
    leases.answer();
    expect((await again).ok).toBe(true);
    expect(leases.asked).toBe(2);
    await budgets.sweep();
    expect(leases.settled).toEqual([3n, 3n]);
  });

  it('renews by UTC days and months', () => {
    const at = Date.UTC(2026, 11, 31, 23, 59);
    expect(periodStart('day', at)).toBe(Date.UTC(2026, 11, 31));
    expect(periodEnd('day', at)).toBe(Date.UTC(2027, 0, 1));
    expect(periodStart('month', at)).toBe(Date.UTC(2026, 11, 1));
    expect(periodEnd('month', at)).toBe(Date.UTC(2027, 0, 1));
    expect([periodStart('total', at), periodEnd('total', at)]).toEqual([0, undefined]);
  });
});
