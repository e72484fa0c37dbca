import { describe, expect, it } from '@jest/globals';
import type { AnswerEvent } from '@writ/domain';
import { Arrivals, type Awaited } from './arrivals.js';

const event: AnswerEvent = { parts: [], terminal: false };

/** A clock whose timers fire when told. */
function aClock() {
  const timers: (() => void)[] = [];
  const clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    after: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      timers.push(resolve);
      return { elapsed: promise, cancel: () => undefined };
    },
  };
  return { clock, timers };
}

/** An upstream that answers when told, and counts how often it was asked. */
function anUpstream() {
  const asked: ((result: IteratorResult<AnswerEvent>) => void)[] = [];
  const rest: AsyncIterator<AnswerEvent> = {
    next: () => {
      const { promise, resolve } = Promise.withResolvers<IteratorResult<AnswerEvent>>();
      asked.push(resolve);
      return promise;
    },
  };
  return { rest, asked };
}

const idle: Awaited = { isCommitted: false, mayRead: true, dueInMs: 10 };

describe('what comes next while an answer is released', () => {
  it('is what came before anybody waited, then a commit, then an event, then the time', async () => {
    const { clock, timers } = aClock();
    const { rest, asked } = anUpstream();
    const arrivals = new Arrivals([event], rest, clock);
    expect(arrivals.hasHead).toBe(true);
    expect((await arrivals.next(() => idle)).kind).toBe('event');
    expect(arrivals.hasHead).toBe(false);
    let isCommitted = false;
    const next = arrivals.next(() => ({ ...idle, isCommitted }));
    asked[0]?.({ done: false, value: event });
    timers[0]?.();
    isCommitted = true;
    arrivals.wake();
    expect((await next).kind).toBe('committed');
    expect((await arrivals.next(() => idle)).kind).toBe('event');
    expect((await arrivals.next(() => idle)).kind).toBe('time');
  });

  it('is not asked of the upstream while nothing more may be held, and once at a time', async () => {
    const { clock, timers } = aClock();
    const { rest, asked } = anUpstream();
    const arrivals = new Arrivals([], rest, clock);
    const full = arrivals.next(() => ({ ...idle, mayRead: false }));
    expect(asked).toHaveLength(0);
    timers[0]?.();
    expect((await full).kind).toBe('time');
    const first = arrivals.next(() => idle);
    timers[1]?.();
    expect((await first).kind).toBe('time');
    const second = arrivals.next(() => idle);
    expect(asked).toHaveLength(1);
    asked[0]?.({ done: true, value: undefined });
    expect(await second).toEqual({ kind: 'event', next: { done: true, value: undefined } });
  });

  it('is that the upstream broke, with what it broke of', async () => {
    const { clock } = aClock();
    const broken = new Error('broken');
    const arrivals = new Arrivals([], { next: () => Promise.reject(broken) }, clock);
    expect(await arrivals.next(() => idle)).toEqual({ kind: 'broken', error: broken });
  });
});
