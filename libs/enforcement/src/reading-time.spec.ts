import { describe, expect, it } from '@jest/globals';
import { limits } from '@writ/domain';
import { answerReading } from './reading-time.js';

function aClock(): { nowMs: () => number; monotonicMs: () => number; after: never; pass: (ms: number) => void } {
  let now = 0;
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    after: undefined as never,
    pass: (ms) => {
      now += ms;
    },
  };
}

describe('the time an answer may be read for', () => {
  it('does not run while the model is waited for', () => {
    const clock = aClock();
    const { reading, expired } = answerReading(clock);
    for (let event = 0; event < 100; event += 1) {
      clock.pass(60_000);
      reading.begin();
      clock.pass(1);
      expect(expired()).toBe(false);
      reading.end();
    }
  });

  it('ends for one event that takes too long', () => {
    const clock = aClock();
    const { reading, expired } = answerReading(clock);
    reading.begin();
    clock.pass(limits.answerEventMs + 1);
    expect(expired()).toBe(true);
  });

  it('ends for all events together', () => {
    const clock = aClock();
    const { reading, expired } = answerReading(clock);
    for (let spent = 0; spent <= limits.answerReadingMs; spent += 500) {
      reading.begin();
      clock.pass(500);
      reading.end();
    }
    reading.begin();
    expect(expired()).toBe(true);
  });
});
