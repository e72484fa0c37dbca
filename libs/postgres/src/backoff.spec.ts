import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

describe('a backoff', () => {
  it('rests longer after each failure, never longer than its maximum, and forgets all after a success', () => {
    let nowMs = 0;
    const backoff = new Backoff({ firstMs: 50, maximumMs: 400, nowMs: () => nowMs, random: () => 1 });
    expect([1, 2, 3, 4, 5].map(() => backoff.failed())).toEqual([50, 100, 200, 400, 400]);
    expect(backoff.isResting()).toBe(true);
    nowMs = 400;
    expect(backoff.isResting()).toBe(false);
    backoff.succeeded();
    expect(backoff.failed()).toBe(50);
  });

  it('F16: spreads callers over the whole rest, so that they do not return in step', () => {
    const rests = [0, 0.25, 0.75].map((random) =>
      new Backoff({ firstMs: 100, maximumMs: 100, nowMs: () => 0, random: () => random }).failed(),
    );
    expect(rests).toEqual([0, 25, 75]);
  });
});
