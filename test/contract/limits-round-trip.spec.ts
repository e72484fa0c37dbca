import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Snapshot } from '@writ/domain';
import type { LocalRedis } from '@writ/local';
import { BudgetLeasesTwin, ClockTwin, aSubject } from '../support/index.js';
import {
  aMinuteHasRoom,
  aProcess,
  admitted,
  anAsk,
  closeAll,
  connected,
  reserve,
  startServer,
  tenant,
  usage,
  withBudget,
  withRules,
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
  const { client } = await connected(server.url);
  await client.flushall();
});

/** How often this server was asked to run a script. */
async function scripts(): Promise<number> {
  const { client } = await connected(server.url);
  const stats = await client.info('commandstats');
  return [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

describe('the one round trip', () => {
  it('a request costs one at most, with all scopes, budgets and the quota of a key, settled and all', async () => {
    const one = await aProcess(server.url, new BudgetLeasesTwin(), 2, new ClockTwin());
    const all = { requestsPerMinute: 100_000, tokensPerMinute: 100_000_000 };
    const scopes = ['tenant', 'app', 'subject', 'role'] as const;
    const rules = scopes.map((scope) => ({ scope, ...all, concurrency: 1_000 }));
    const snapshot = {
      ...withRules(...rules, { scope: 'endpoint-key', ...all }),
      budgets: withBudget(1_000_000_000n).budgets,
    };
    const request = async (): Promise<void> => {
      const reserved = await reserve(one, snapshot);
      if (!reserved.ok) throw new Error(reserved.error.code);
      expect(one.limits.takeKey(reserved.value, 'openai-us', undefined)).toBe(true);
      await one.limits.settle(tenant, reserved.value, usage, '20');
    };
    await request();
    const before = await scripts();
    // What is taken and settled travels with the next question. (By itself only after a pause, which this clock never makes.)
    for (let count = 0; count < 50; count += 1) await request();
    const after = await scripts();
    expect(after - before).toBe(50);
    await Promise.all(Array.from({ length: 200 }, request));
    expect((await scripts()) - after).toBeLessThan(50);
  });
});

describe('what was refused a moment ago', () => {
  it('a refusal for the requests is known without asking until it said, in this process and for this holder alone', async () => {
    await aMinuteHasRoom();
    const clock = new ClockTwin();
    const one = await aProcess(server.url, new BudgetLeasesTwin(), 2, clock);
    const snapshot = withRules({ scope: 'subject', requestsPerMinute: 3 });
    const known = (subject = aSubject()) => one.limits.knownRefusal(tenant, subject, anAsk(), snapshot, 10);
    expect(known()).toBeUndefined();
    expect(await admitted(3, () => reserve(one, snapshot))).toBe(3);
    // Nobody has said no yet, however full it is.
    expect(known()).toBeUndefined();
    const refused = await reserve(one, snapshot);
    if (refused.ok) throw new Error('three fit');
    expect(known()).toEqual(refused.error);
    expect(known(aSubject({ id: 'another' }))).toBeUndefined();
    const again = withRules({ scope: 'subject', requestsPerMinute: 3 });
    expect(one.limits.knownRefusal(tenant, aSubject(), anAsk(), again, 10)).toBeUndefined();
    clock.advance((refused.error.retryAfterSeconds ?? 0) * 1_000);
    expect(known()).toBeUndefined();
  });

  it('a refusal for tokens is known for what needs as many, and forgotten when tokens come back', async () => {
    await aMinuteHasRoom();
    const one = await aProcess(server.url, new BudgetLeasesTwin(), 2, new ClockTwin());
    const snapshot = withRules({ scope: 'tenant', tokensPerMinute: 250 });
    const known = (more = {}) => one.limits.knownRefusal(tenant, aSubject(), anAsk(more), snapshot, 10);
    const [first] = [await reserve(one, snapshot), await reserve(one, snapshot)];
    expect(await admitted(1, () => reserve(one, snapshot))).toBe(0);
    expect(known()).toMatchObject({ code: 'rate-limited', detail: 'tokens' });
    expect(known({ maxOutputTokens: 20 })).toBeUndefined();
    if (!first?.ok) throw new Error('two fit');
    await one.limits.settle(tenant, first.value, usage, '20');
    expect(known()).toBeUndefined();
  });

  it('nothing is known of slots, and nothing of what a process says while Redis is out', async () => {
    const one = await aProcess(server.url, new BudgetLeasesTwin(), 2, new ClockTwin());
    const slots = withRules({ scope: 'tenant', concurrency: 1 });
    expect(await admitted(3, () => reserve(one, slots))).toBe(1);
    expect(one.limits.knownRefusal(tenant, aSubject(), anAsk(), slots, 10)).toBeUndefined();
    const requests = withRules({ scope: 'tenant', requestsPerMinute: 2 });
    one.redis.client.disconnect();
    expect(await admitted(3, () => reserve(one, requests))).toBe(1);
    expect(one.limits.knownRefusal(tenant, aSubject(), anAsk(), requests, 10)).toBeUndefined();
  });
});

describe('the quota of an endpoint key', () => {
  const rules = withRules({ scope: 'endpoint-key', requestsPerMinute: 30 });
  const endpoints = rules.endpoints.map((endpoint) => ({
    ...endpoint,
    keys: [{ id: `${endpoint.id}-key`, sealed: '' }],
  }));
  const snapshot: Snapshot = { ...rules, endpoints };

  /** One call after the other, as the router takes them. */
  async function taken(one: Process, calls: number, key = 'openai-us-key'): Promise<number> {
    let count = 0;
    for (let call = 0; call < calls; call += 1) {
      const reserved = await reserve(one, snapshot);
      if (!reserved.ok) throw new Error(reserved.error.code);
      if (one.limits.takeKey(reserved.value, 'openai-us', key) === true) count += 1;
      await one.limits.settle(tenant, reserved.value, usage, '1');
    }
    return count;
  }

  it('is shared by all processes, and exact within one however many are in flight', async () => {
    await aMinuteHasRoom();
    const [one, other] = [await aProcess(server.url), await aProcess(server.url)];
    const held = await Promise.all(Array.from({ length: 20 }, () => reserve(one, snapshot)));
    const takes = held.map((answer) => answer.ok && one.limits.takeKey(answer.value, 'openai-us', 'openai-us-key'));
    expect(takes.filter(Boolean)).toHaveLength(20);
    // What was taken is told with the next question, or a few ms later.
    await reserve(one, snapshot);
    expect(await taken(other, 15)).toBe(10);
    expect(await taken(one, 5)).toBe(0);
  });

  it('counts tokens at their worst case until the provider has counted them, also for the other processes', async () => {
    await aMinuteHasRoom();
    const [one, other] = [await aProcess(server.url), await aProcess(server.url)];
    // 110 tokens at most for each call, and 15 in truth.
    const [rule] = rules.limits.map((each) => ({ id: each.id, scope: each.scope, tokensPerMinute: 250 }));
    const counted: Snapshot = { ...snapshot, limits: [rule!] };
    const call = async (process: Process): Promise<[boolean | undefined, () => Promise<void>]> => {
      const reserved = await reserve(process, counted);
      if (!reserved.ok) throw new Error(reserved.error.code);
      const isTaken = process.limits.takeKey(reserved.value, 'openai-us', 'openai-us-key');
      return [isTaken, () => process.limits.settle(tenant, reserved.value, usage, '1')];
    };
    const [first, second, third] = [await call(one), await call(one), await call(one)];
    expect([first[0], second[0], third[0]]).toEqual([true, true, false]);
    await first[1]();
    await second[1]();
    // 30 are used: two more fit at their worst, wherever they are asked.
    expect((await call(one))[0]).toBe(true);
    await reserve(one, counted);
    expect((await call(other))[0]).toBe(true);
    expect((await call(other))[0]).toBe(false);
  });

  it('is nothing to a key or an endpoint that no rule counts, and unknown to one that is not there', async () => {
    const one = await aProcess(server.url);
    const reserved = await reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 9 }));
    expect(reserved.ok && one.limits.takeKey(reserved.value, 'openai-us', undefined)).toBeUndefined();
  });
});
