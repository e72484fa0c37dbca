import { describe, expect, it } from '@jest/globals';
import { Pauses } from './pause.js';

/** A clock whose timers fire when told to. */
function handClock() {
  const timers = new Set<() => void>();
  return {
    timers,
    after() {
      const { promise: elapsed, resolve } = Promise.withResolvers<void>();
      timers.add(resolve);
      return { elapsed, cancel: () => void timers.delete(resolve) };
    },
  };
}

describe('a pause', () => {
  it('ends with its time, or when it is woken, and leaves no timer', async () => {
    const clock = handClock();
    const pauses = new Pauses(clock);
    const first = pauses.take(100);
    for (const fire of clock.timers) fire();
    await first;
    const second = pauses.take(100);
    pauses.wake();
    await second;
    expect(clock.timers.size).toBe(0);
  });

  it('is not shortened by a call that came before it', async () => {
    const clock = handClock();
    const pauses = new Pauses(clock);
    pauses.wake();
    let isOver = false;
    const pause = pauses.take(100).then(() => (isOver = true));
    await Promise.resolve();
    expect(isOver).toBe(false);
    pauses.wake();
    await pause;
  });

  it('ends at once, and sets no timer, after the end', async () => {
    const clock = handClock();
    const pauses = new Pauses(clock);
    const under = pauses.take(100);
    pauses.end();
    await under;
    await pauses.take(100);
    expect(clock.timers.size).toBe(0);
  });
});
