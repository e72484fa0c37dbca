import { describe, expect, it } from '@jest/globals';
import { healthOf, localHealth, type FaultClass, type Rest } from './index.js';

const fault = (name: FaultClass, retryAfterSeconds?: number) => ({
  class: name,
  detail: '',
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

describe('health of an endpoint and key', () => {
  it('F35: cools a throttled key for Retry-After, and its neighbour not at all', () => {
    const health = localHealth();
    health.report('a', 'k1', fault('rate-limited', 7), 1, 0);
    expect(health.usable('a', 'k1', 6_999)).toBe(false);
    expect(health.usable('a', 'k2', 0)).toBe(true);
    expect(health.usable('a', 'k1', 7_000)).toBe(true);
  });

  it('F35: without Retry-After cools for one second, doubling up to a minute', () => {
    const health = localHealth();
    let now = 0;
    const cooled: number[] = [];
    for (let time = 0; time < 8; time += 1) {
      health.report('a', 'k', fault('rate-limited'), 1, now);
      cooled.push(health.resting(now)[0]!.untilMs - now);
      now = health.resting(now)[0]!.untilMs;
    }
    expect(cooled).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('does not let an absurd Retry-After retire a key', () => {
    const health = localHealth();
    health.report('a', 'k', fault('rate-limited', 1e12), 1, 0);
    expect(health.usable('a', 'k', 15 * 60_000)).toBe(true);
  });

  it('does not end a cooldown by the late answer of a request that left before it', () => {
    const health = localHealth();
    health.report('a', 'k', fault('rate-limited', 10), 1, 0);
    health.report('a', 'k', undefined, 50, 1_000);
    expect(health.usable('a', 'k', 1_001)).toBe(false);
  });

  it.each(['credential', 'billing'] as const)('quarantines a key and raises the alarm once: %s', (name) => {
    const began: Rest[] = [];
    const health = localHealth({ began: (rest) => began.push(rest) });
    health.report('a', 'k', fault(name), 1, 0);
    health.report('a', 'k', fault(name), 1, 0);
    expect(began).toEqual([{ endpoint: 'a', key: 'k', why: 'quarantine', untilMs: 600_000 }]);
    expect(health.usable('a', 'k', 599_999)).toBe(false);
  });

  it('F35: opens the breaker after five failures, lets one request probe, and opens for longer when it fails', () => {
    const health = localHealth();
    for (let time = 0; time < 5; time += 1) {
      expect(health.usable('a', 'k', 0)).toBe(true);
      health.report('a', 'k', fault('unavailable'), 1, 0);
    }
    expect(health.usable('a', 'k', 4_999)).toBe(false);
    expect(health.usable('a', 'k', 5_000)).toBe(true);
    expect(health.usable('a', 'k', 5_001)).toBe(false);
    health.report('a', 'k', fault('unavailable'), 1, 5_100);
    expect(health.usable('a', 'k', 15_099)).toBe(false);
    expect(health.usable('a', 'k', 15_100)).toBe(true);
    health.report('a', 'k', undefined, 1, 15_200);
    expect(health.usable('a', 'k', 15_201)).toBe(true);
    expect(health.usable('a', 'k', 15_201)).toBe(true);
  });

  it('a probe that never reports does not close the door for ever', () => {
    const health = localHealth();
    health.report('a', 'k', fault('rate-limited'), 1, 0);
    expect(health.usable('a', 'k', 1_000)).toBe(true);
    expect(health.usable('a', 'k', 1_500)).toBe(false);
    expect(health.usable('a', 'k', 2_000)).toBe(true);
  });

  it("counts a caller's error as a healthy endpoint", () => {
    const health = localHealth();
    for (let time = 0; time < 50; time += 1) health.report('a', 'k', fault('malformed'), 1, 0);
    expect(health.usable('a', 'k', 0)).toBe(true);
  });

  it('F35: keeps retries under a tenth of the traffic in a storm', () => {
    const health = localHealth();
    let sent = 0;
    let retries = 0;
    for (let request = 0; request < 10_000; request += 1) {
      sent += 1;
      health.report('a', `k${request}`, fault('unavailable'), 1, request);
      if (!health.takeRetry(request)) continue;
      retries += 1;
      sent += 1;
      health.report('a', `k${request}`, fault('unavailable'), 1, request);
    }
    expect(retries).toBeGreaterThan(500);
    expect(retries / sent).toBeLessThan(0.1);
  });

  it("keeps one tenant's failures from another's endpoint of the same name", () => {
    const health = localHealth();
    healthOf(health, 'tenant-1').report('openai', 'k', fault('credential'), 1, 0);
    expect(healthOf(health, 'tenant-1').usable('openai', 'k', 1)).toBe(false);
    expect(healthOf(health, 'tenant-2').usable('openai', 'k', 1)).toBe(true);
  });

  it('takes over what another process learned, and forgets the oldest pair when full', () => {
    const health = localHealth({ remembered: 2 });
    health.rest({ endpoint: 'a', key: 'k', why: 'cooldown', untilMs: 100 });
    expect(health.usable('a', 'k', 50)).toBe(false);
    health.report('b', 'k', undefined, 1, 50);
    health.report('c', 'k', undefined, 1, 50);
    expect(health.resting(50)).toEqual([]);
  });
});

it('tells of a model that an endpoint does not know, and leaves the endpoint in use', () => {
  const missing: string[] = [];
  const health = localHealth({ missing: (endpoint) => missing.push(endpoint) });
  health.report('a', 'k', { class: 'not-found', detail: '' }, 1, 0);
  expect(missing).toEqual(['a']);
  expect(health.usable('a', 'k', 0)).toBe(true);
});
