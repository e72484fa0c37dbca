import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Snapshot, Subject } from '@writ/domain';
import type { LocalRedis } from '@writ/local';
import type { Clock } from '@writ/platform';
import { BudgetLeasesTwin, ClockTwin, aSnapshot, aSubject, aTenantContext, tenantB } from '../support/index.js';
import {
  aMinuteHasRoom,
  aProcess,
  admitted,
  anAsk,
  closeAll,
  connected,
  problems,
  reserve,
  startServer,
  tenant,
  usage,
  withBudget,
  withRules,
  worstMicros,
  type Process,
} from './limits-room.js';

let server: LocalRedis;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await closeAll();
  await server.stop();
});
beforeEach(async () => {
  problems.length = 0;
  const { client } = await connected(server.url);
  await client.flushall();
});

function agentOf(id: string): Subject {
  return aSubject({ id, kind: 'agent', onBehalfOf: aSubject() });
}

function of(id: string, ...groups: string[]): Subject {
  return aSubject({ id, groups });
}

function pricedAt(input: string): Snapshot {
  return aSnapshot({
    prices: [{ model: 'gpt-test', inputMicrosPerMillion: input, outputMicrosPerMillion: '1', version: '1' }],
  });
}

describe('rates and concurrency in Redis', () => {
  it('two processes together never admit more than the limit', async () => {
    await aMinuteHasRoom();
    const processes = [await aProcess(server.url), await aProcess(server.url)];
    const snapshot = withRules({ scope: 'tenant', requestsPerMinute: 50 });
    const counts = await Promise.all(processes.map((one) => admitted(200, () => reserve(one, snapshot))));
    expect(counts[0]! + counts[1]!).toBe(50);
    const refused = await reserve(processes[0]!, snapshot);
    expect(refused).toMatchObject({ ok: false, error: { code: 'rate-limited', param: 'rule-0', detail: 'requests' } });
    expect(refused.ok ? 0 : refused.error.retryAfterSeconds).toBeGreaterThan(0);
  });

  it('a refusal by one rule takes nothing from the others', async () => {
    await aMinuteHasRoom();
    const one = await aProcess(server.url);
    const both = withRules({ scope: 'tenant', requestsPerMinute: 5 }, { scope: 'subject', concurrency: 1 });
    expect(await admitted(10, () => reserve(one, both))).toBe(1);
    const answer = await reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 5 }));
    expect(answer).toMatchObject({ ok: true, value: { headers: { 'x-ratelimit-remaining-requests': '3' } } });
  });

  it('each subject counts for itself, an agent also for whom it acts for, and tenants never share', async () => {
    await aMinuteHasRoom();
    const one = await aProcess(server.url);
    const snapshot = withRules({ scope: 'subject', requestsPerMinute: 2 });
    const seen = [];
    for (const subject of [
      aSubject({ id: 'x' }),
      aSubject({ id: 'x' }),
      aSubject({ id: 'x' }),
      agentOf('a'),
      agentOf('b'),
      agentOf('c'),
    ])
      seen.push((await reserve(one, snapshot, subject)).ok);
    expect(seen).toEqual([true, true, false, true, true, false]);
    const other = await one.limits.reserve(aTenantContext(tenantB), aSubject({ id: 'x' }), anAsk(), snapshot, 10);
    expect(other.ok).toBe(true);
  });

  it('tokens are reserved at their worst and corrected when they are known', async () => {
    await aMinuteHasRoom();
    const one = await aProcess(server.url);
    const snapshot = withRules({ scope: 'tenant', tokensPerMinute: 250 });
    const first = await reserve(one, snapshot);
    const second = await reserve(one, snapshot);
    expect(await admitted(1, () => reserve(one, snapshot))).toBe(0);
    if (!first.ok || !second.ok) throw new Error('two fit');
    await one.limits.settle(tenant, first.value, usage, '20');
    await one.limits.settle(tenant, first.value, usage, '20');
    expect(await reserve(one, snapshot)).toMatchObject({
      ok: true,
      value: { headers: { 'x-ratelimit-limit-tokens': '250', 'x-ratelimit-remaining-tokens': '15' } },
    });
    expect(await admitted(1, () => reserve(one, snapshot))).toBe(0);
    await one.limits.settle(tenant, second.value, undefined, '0');
    expect(await admitted(1, () => reserve(one, snapshot))).toBe(1);
  });

  it('a slot is free again when its request settles', async () => {
    const one = await aProcess(server.url);
    const snapshot = withRules({ scope: 'role', match: 'clinician', concurrency: 2 });
    const held = [await reserve(one, snapshot), await reserve(one, snapshot)];
    expect(await admitted(5, () => reserve(one, snapshot))).toBe(0);
    if (held[0]?.ok) await one.limits.settle(tenant, held[0].value, usage, '1');
    expect(await admitted(5, () => reserve(one, snapshot))).toBe(1);
    expect(await admitted(5, () => reserve(one, snapshot, aSubject({ roles: ['analyst'] })))).toBe(5);
  });

  it('keys name tenants by UUID and hold nothing that a subject chose', async () => {
    const one = await aProcess(server.url);
    const hostile = aSubject({ id: '}{t:0198a000-0000-7000-8000-00000000000b}:*' });
    await reserve(
      one,
      withRules({ scope: 'subject', requestsPerMinute: 9, tokensPerMinute: 999, concurrency: 9 }),
      hostile,
    );
    const keys = await one.redis.client.keys('*');
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(key).toMatch(/^\{t:0198a000-0000-7000-8000-00000000000a\}:(rates|slots):[\w-]{22}$/);
  });
});

describe('money', () => {
  it('B1: of 1,000 concurrent requests against a budget for three, three are admitted', async () => {
    const leases = new BudgetLeasesTwin();
    const processes = [await aProcess(server.url, leases), await aProcess(server.url, leases)];
    const snapshot = withBudget(worstMicros * 3n);
    const counts = await Promise.all(processes.map((one) => admitted(500, () => reserve(one, snapshot))));
    expect(counts[0]! + counts[1]!).toBe(3);
    expect(await reserve(processes[0]!, snapshot)).toMatchObject({
      ok: false,
      error: { code: 'budget-exhausted', param: 'team', detail: 'exhausted' },
    });
  });

  it('B2: the first requests ever of an unknown subject share one budget', async () => {
    const one = await aProcess(server.url);
    const snapshot = withBudget(worstMicros * 7n, { scope: 'subject' });
    expect(await admitted(1_000, () => reserve(one, snapshot, aSubject({ id: 'never-seen' })))).toBe(7);
    expect(await admitted(10, () => reserve(one, snapshot, aSubject({ id: 'another' })))).toBe(7);
  });

  it('B3: what is settled is spent, what is not used is given back, and nothing is counted twice', async () => {
    const leases = new BudgetLeasesTwin();
    const one = await aProcess(server.url, leases);
    const snapshot = withBudget(worstMicros * 4n);
    const held = await Promise.all(Array.from({ length: 4 }, () => reserve(one, snapshot)));
    for (const [index, answer] of held.entries()) {
      if (!answer.ok) throw new Error('four fit');
      await one.limits.settle(tenant, answer.value, index === 0 ? undefined : usage, '20');
      await one.limits.settle(tenant, answer.value, usage, '999');
    }
    await one.limits.close();
    expect(Object.values(leases.totals())).toEqual([{ spent: 60n, leased: 0n }]);
  });

  it('idle slices go back without being asked for', async () => {
    const leases = new BudgetLeasesTwin();
    const clock = new ClockTwin();
    const one = await aProcess(server.url, leases, 1, clock);
    const answer = await reserve(one, withBudget(1_000_000n));
    if (!answer.ok) throw new Error('it fits');
    await one.limits.settle(tenant, answer.value, usage, '20');
    for (let step = 0; step < 4; step += 1) {
      clock.advance(5_000);
      await new Promise(setImmediate);
    }
    expect(Object.values(leases.totals())).toEqual([{ spent: 20n, leased: 0n }]);
  });

  it('B4: a model without a price, or with a price that is none, is refused', async () => {
    const one = await aProcess(server.url);
    for (const snapshot of [aSnapshot({ prices: [] }), pricedAt('-5'), pricedAt('1.5'), pricedAt('')])
      expect(await reserve(one, snapshot)).toMatchObject({ ok: false, error: { code: 'price-unknown' } });
  });

  it('B5: a cost that cannot be read counts as the worst case, and an absurd one is clamped', async () => {
    for (const [cost, spent] of [
      ['NaN', 218n],
      ['-1', 218n],
      ['999999999999999999', 21_800n],
    ] as const) {
      const leases = new BudgetLeasesTwin();
      const one = await aProcess(server.url, leases);
      const answer = await reserve(one, withBudget(1_000_000n));
      if (answer.ok) await one.limits.settle(tenant, answer.value, usage, cost);
      await one.limits.close();
      expect(Object.values(leases.totals())).toEqual([{ spent, leased: 0n }]);
    }
  });

  it.each([-40, -1, 1, 40])(
    'B6: a clock that jumps by %d days does not renew a budget, there and back',
    async (days) => {
      const steady = new ClockTwin(Date.UTC(2026, 11, 1));
      let jumpMs = 0;
      const clock: Clock = {
        nowMs: () => steady.nowMs() + jumpMs,
        monotonicMs: () => steady.monotonicMs(),
        after: (ms) => steady.after(ms),
      };
      for (const period of ['day', 'month'] as const) {
        const leases = new BudgetLeasesTwin(() => steady.nowMs());
        const one = await aProcess(server.url, leases, 1, clock);
        const snapshot = withBudget(worstMicros, { period });
        jumpMs = 0;
        expect(await admitted(3, () => reserve(one, snapshot))).toBe(1);
        jumpMs = days * 86_400_000;
        expect(await admitted(3, () => reserve(one, snapshot))).toBe(0);
        jumpMs = 0;
        expect(await admitted(3, () => reserve(one, snapshot))).toBe(0);
      }
    },
  );

  it('B6: a process whose clock was wrong from the start spends from the period of the store', async () => {
    const leases = new BudgetLeasesTwin(() => Date.UTC(2026, 11, 1));
    const one = await aProcess(server.url, leases, 1, new ClockTwin(Date.UTC(2027, 5, 1)));
    expect(await admitted(5, () => reserve(one, withBudget(worstMicros * 2n)))).toBe(2);
    expect(Object.keys(leases.totals()).map((name) => name.split(' ').at(-1))).toEqual([String(Date.UTC(2026, 11, 1))]);
  });

  it('under a hard budget an answer of no stated length is asked for at the length that was reserved', async () => {
    const one = await aProcess(server.url);
    const silent = anAsk();
    delete (silent as { maxOutputTokens?: number }).maxOutputTokens;
    const ask = (snapshot: Snapshot): ReturnType<Process['limits']['reserve']> =>
      one.limits.reserve(tenant, aSubject(), silent, snapshot, 10);
    const hard = await ask(withBudget(10_000_000n));
    const candidates = ['openai-us', 'azure-baa'].map((endpoint) => ({ endpoint, model: 'gpt-test', tokens: 16_384 }));
    expect(hard).toMatchObject({ ok: true, value: { worstCaseMicros: '32786', outputLimits: candidates } });
    expect(await ask(withBudget(10_000_000n, { hard: false }))).toMatchObject({ value: { outputLimits: [] } });
    expect(await reserve(one, withBudget(10_000_000n))).toMatchObject({ value: { outputLimits: [] } });
  });

  it('a team has one budget, and a rule for one team does not count another', async () => {
    const one = await aProcess(server.url);
    const snapshot = withBudget(worstMicros * 3n, { scope: 'team' });
    expect(await admitted(2, () => reserve(one, snapshot, of('ann', 'radiology')))).toBe(2);
    expect(await admitted(2, () => reserve(one, snapshot, of('ben', 'radiology')))).toBe(1);
    expect(await admitted(2, () => reserve(one, snapshot, of('cat', 'surgery')))).toBe(2);
    const rule = withRules({ scope: 'team', match: 'radiology', requestsPerMinute: 1 });
    expect(await admitted(5, () => reserve(one, rule, of('dan', 'surgery')))).toBe(5);
    expect(await admitted(5, () => reserve(one, rule, of('eve', 'surgery', 'radiology')))).toBe(1);
  });

  it('a soft budget never refuses, and the tightest hard one is shown to policy', async () => {
    const one = await aProcess(server.url);
    expect(await admitted(20, () => reserve(one, withBudget(1n, { hard: false })))).toBe(20);
    expect(await reserve(one, withBudget(10_000_000n))).toMatchObject({
      ok: true,
      value: { worstCaseMicros: '218', budget: { class: 'standard', remainingCents: 999 } },
    });
  });
});
