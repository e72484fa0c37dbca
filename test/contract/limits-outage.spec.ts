import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LocalRedis } from '@writ/local';
import { openJobs, sharedReplays, sharedRests, type SharedRests } from '@writ/redis';
import { localHealth, type Rest } from '@writ/routing';
import { limits as bounds } from '@writ/domain';
import { BudgetLeasesTwin, ClockTwin } from '../support/index.js';
import { eventually } from './eventually.js';
import {
  aMinuteHasRoom,
  aProcess,
  admitted,
  closeAll,
  connected,
  limitsOn,
  problems,
  reserve,
  startServer,
  tenant,
  usage,
  withBudget,
  withRules,
  worstMicros,
} from './limits-room.js';

const { redisMs } = bounds;
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

describe('when Redis is broken', () => {
  it('F19: without Redis each process grants its share, budgets go on, and it recovers by itself', async () => {
    const leases = new BudgetLeasesTwin();
    const one = await aProcess(server.url, leases, 4);
    const port = Number(new URL(server.url).port);
    await server.stop();
    const snapshot = {
      ...withRules({ scope: 'tenant', requestsPerMinute: 40 }),
      budgets: withBudget(worstMicros * 8n).budgets,
    };
    expect(await admitted(100, () => reserve(one, snapshot))).toBe(8);
    expect(
      await admitted(100, () => reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 40 }))),
    ).toBeLessThanOrEqual(10);
    const refused = await reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 40 }));
    expect(refused).toMatchObject({ ok: false, error: { code: 'rate-limited', detail: 'requests_degraded' } });
    const other = await reserve(one, withRules({ scope: 'subject', requestsPerMinute: 40 }));
    expect(other).toMatchObject({ ok: true, value: { mode: 'degraded' } });
    leases.out = true;
    expect(await reserve(one, withBudget(worstMicros * 100n))).toMatchObject({
      ok: false,
      error: { code: 'budget-exhausted', detail: 'lease_unavailable' },
    });
    server = await startServer(port);
    await eventually(async () => {
      const answer = await reserve(one, withRules({ scope: 'app', requestsPerMinute: 40_000 }));
      expect(answer).toMatchObject({ ok: true, value: { mode: 'shared' } });
    });
    expect(problems).toContain('Redis is not reachable');
  });

  it('F20: after FLUSHALL the counters are built anew, and no more than one more share is admitted', async () => {
    await aMinuteHasRoom();
    const one = await aProcess(server.url);
    const snapshot = withRules({ scope: 'tenant', requestsPerMinute: 30 });
    expect(await admitted(60, () => reserve(one, snapshot))).toBe(30);
    await one.redis.client.flushall();
    await one.redis.client.script('FLUSH');
    expect(await admitted(60, () => reserve(one, snapshot))).toBe(30);
    expect(await admitted(60, () => reserve(one, snapshot))).toBe(0);
  });

  it('F21: a process that lost Redis and one that did not never spend more than the budget', async () => {
    const leases = new BudgetLeasesTwin();
    const [near, far] = [await aProcess(server.url, leases), await aProcess(server.url, leases)];
    await far.redis.close();
    const snapshot = withBudget(worstMicros * 9n);
    const counts = await Promise.all([near, far].map((one) => admitted(100, () => reserve(one, snapshot))));
    expect(counts[0]! + counts[1]!).toBe(9);
  });

  it('F22: a Redis that does not answer costs three requests 50 ms each and the others nothing, for a second', async () => {
    const time = new ClockTwin();
    const waits: number[] = [];
    const clock = {
      monotonicMs: () => time.monotonicMs(),
      after: (ms: number) => {
        waits.push(ms);
        return time.after(ms);
      },
    };
    const redis = await connected(server.url, clock);
    const one = { redis, limits: limitsOn(redis) };
    const snapshot = withRules({ scope: 'tenant', requestsPerMinute: 100_000 });
    expect(await reserve(one, snapshot)).toMatchObject({ ok: true, value: { mode: 'shared' } });
    const admin = await connected(server.url);
    // Only what writes waits, which our scripts do, so that the end of it can be told.
    await admin.client.client('PAUSE', 600_000, 'WRITE');
    try {
      for (let late = 1; late <= 3; late += 1) {
        const answer = reserve(one, snapshot);
        await eventually(() => expect(waits).toHaveLength(1 + late));
        time.advance(redisMs);
        expect(await answer).toMatchObject({ ok: true, value: { mode: 'degraded' } });
      }
      for (let request = 0; request < 40; request += 1)
        expect(await reserve(one, snapshot)).toMatchObject({ ok: true, value: { mode: 'degraded' } });
      expect(waits).toEqual([redisMs, redisMs, redisMs, redisMs]);
      expect(redisMs).toBeLessThanOrEqual(60);
      expect(problems).toContain('Redis does not answer in time');
    } finally {
      await admin.client.client('UNPAUSE');
    }
    time.advance(1_000);
    await eventually(async () => {
      expect(await reserve(one, snapshot)).toMatchObject({ ok: true, value: { mode: 'shared' } });
    });
  });

  it('F22: a slot that was taken by an answer that came too late is given back', async () => {
    const one = await aProcess(server.url);
    const snapshot = withRules({ scope: 'tenant', concurrency: 4 });
    const admin = await connected(server.url);
    await admin.client.client('PAUSE', 200, 'ALL');
    const answer = await reserve(one, snapshot);
    expect(answer).toMatchObject({ ok: true, value: { mode: 'degraded' } });
    if (answer.ok) await one.limits.settle(tenant, answer.value, usage, '1');
    await eventually(async () => {
      const [key] = await admin.client.keys('*:concurrency:*');
      expect(key === undefined ? 0 : await admin.client.zcard(key)).toBe(0);
      expect(await admitted(9, () => reserve(one, snapshot))).toBe(4);
    });
  });

  it('F23: a Redis that may drop keys is not used, and no job queue starts on it', async () => {
    const admin = await connected(server.url);
    await admin.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      const one = await aProcess(server.url);
      expect(await one.redis.fitness()).toBe('unfit');
      expect(problems.join()).toContain('allkeys-lru; it must be noeviction');
      const answer = await reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 40 }));
      expect(answer).toMatchObject({ ok: true, value: { mode: 'degraded' } });
      await expect(
        openJobs({ backend: { kind: 'redis', url: server.url }, onProblem: () => undefined }),
      ).rejects.toThrow('noeviction');
    } finally {
      await admin.client.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });

  it('F23: a Redis that is full refuses writes, and limits degrade', async () => {
    const one = await aProcess(server.url);
    await one.redis.client.config('SET', 'maxmemory', '1');
    try {
      const answer = await reserve(one, withRules({ scope: 'tenant', requestsPerMinute: 40 }));
      expect(answer).toMatchObject({ ok: true, value: { mode: 'degraded' } });
    } finally {
      await one.redis.client.config('SET', 'maxmemory', '0');
    }
  });
});

function shared(heard: (rest: Rest) => void): SharedRests {
  return sharedRests({ url: server.url, onProblem: () => undefined, nowMs: () => 0, heard });
}

describe('what gateways tell each other through Redis', () => {
  it('T14: a proof that one process has seen is no longer new to another, and without Redis nobody can tell', async () => {
    const [one, two] = [await connected(server.url), await connected(server.url)];
    const { tenant: id } = tenant;
    expect(await sharedReplays(one).first(id, ['thumbprint', 'jti'], 1_000)).toBe(true);
    expect(await sharedReplays(two).first(id, ['thumbprint', 'jti'], 1_000)).toBe(false);
    expect(await sharedReplays(two).first(id, ['thumbprint', 'other'], 1_000)).toBe(true);
    await two.close();
    await eventually(async () => expect(await sharedReplays(two).first(id, ['a'], 1_000)).toBeUndefined());
  });

  it('F35: a key that one process put to rest, rests in the others', async () => {
    const health = localHealth();
    const listener = shared((rest) => health.rest(rest));
    const speaker = shared(() => undefined);
    await eventually(() => {
      speaker.tell({ endpoint: 't/openai', key: 'k', why: 'quarantine', untilMs: 1_000 });
      expect(health.usable('t/openai', 'k', 500)).toBe(false);
    });
    expect(health.usable('t/openai', 'k2', 500)).toBe(true);
    await Promise.all([listener.close(), speaker.close()]);
  });
});
