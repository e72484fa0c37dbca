import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import { Neighbours } from './neighbours.js';
import type { Place } from './ports.js';
import { Undecided, type UndecidedBounds } from './undecided.js';

const bounds: UndecidedBounds = {
  alone: 4,
  besideOthers: 2,
  process: 100,
  inOneTurn: 1,
  waiting: 1_000,
  waitMs: 10_000,
};

/** What entered, in order, under names; the event loop comes round when told. */
function room(given: Partial<UndecidedBounds> = {}) {
  let now = 0;
  const due: (() => void)[] = [];
  const timers: { readonly atMs: number; readonly fire: () => void }[] = [];
  const order: string[] = [];
  const places = new Map<string, Place>();
  const undecided = new Undecided({
    bounds: { ...bounds, ...given },
    clock: {
      after: (ms) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        timers.push({ atMs: now + ms, fire: resolve });
        return { elapsed: promise, cancel: () => undefined };
      },
    },
    neighbours: new Neighbours(() => now),
    later: (then) => due.push(then),
    random: () => 0.5,
  });
  const ask = async (tenant: string, name: string, hangUp = new AbortController().signal): Promise<string> => {
    const entered = await undecided.enter(tenant as TenantId, hangUp);
    if (!entered.ok) return `${entered.error.code} ${entered.error.detail ?? ''}`;
    places.set(name, entered.value);
    order.push(name);
    return name;
  };
  return {
    undecided,
    ask,
    order,
    leave: (name: string) => places.get(name)?.leave(),
    round: async (): Promise<void> => {
      for (const then of due.splice(0)) then();
      await settled();
    },
    advance: async (ms: number): Promise<void> => {
      now += ms;
      for (const timer of timers) if (timer.atMs <= now) timer.fire();
      await settled();
    },
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const names = (tenant: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${tenant}${at}`);

describe('undecided requests', () => {
  it('of a tenant that is alone enter at once, up to its bound, and the others as places are left', async () => {
    const { ask, order, leave, round } = room();
    for (const name of names('a', 6)) void ask('a', name);
    await settled();
    expect(order).toEqual(['a0', 'a1', 'a2', 'a3']);
    leave('a1');
    leave('a1');
    await round();
    expect(order).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('H18: of one tenant enter at once while a thousand of another wait, of which only so many enter in a turn', async () => {
    const { ask, order, leave, round, undecided } = room();
    void ask('quiet', 'q0');
    for (const name of names('n', 1_000)) void ask('noisy', name);
    await settled();
    expect(order).toEqual(['q0', 'n0']);
    leave('q0');
    void ask('quiet', 'q1');
    void ask('quiet', 'q2');
    await settled();
    expect(order).toEqual(['q0', 'n0']);
    await round();
    // One of each in a turn, and no more of the noisy one than its bound.
    expect(order.slice(2).toSorted()).toEqual(['n1', 'q1']);
    await round();
    await round();
    expect(order.slice(4)).toEqual(['q2']);
    leave('n0');
    await round();
    expect(order.slice(5)).toEqual(['n2']);
    expect(undecided.state()).toEqual({ inside: 4, waiting: 997 });
  });

  it('of many tenants go round, also where the process has no room for one of each', async () => {
    const { ask, order, leave, round } = room({ process: 2 });
    void ask('x', 'x0');
    for (const tenant of ['a', 'b', 'c']) for (const name of names(tenant, 2)) void ask(tenant, name);
    await settled();
    expect(order).toEqual(['x0', 'a0']);
    for (const name of ['x0', 'a0', 'a1', 'b0', 'c0']) {
      leave(name);
      // oxlint-disable-next-line no-await-in-loop -- one turn after the other
      await round();
    }
    expect(order).toEqual(['x0', 'a0', 'a1', 'b0', 'c0', 'b1', 'c1']);
  });

  it('beyond the bound of those that wait are refused, with a time to come back', async () => {
    const { ask } = room({ alone: 1, waiting: 2 });
    const [, , , refused] = names('a', 4).map((name) => ask('a', name));
    expect(await refused).toBe('request-backpressure queue');
  });

  it('that waited too long, or whose caller hung up, are refused and leave nothing behind', async () => {
    const { ask, leave, round, advance, order, undecided } = room({ alone: 1, besideOthers: 1 });
    const hangUp = new AbortController();
    void ask('a', 'a0');
    const waits = ask('a', 'a1');
    const hangsUp = ask('a', 'a2', hangUp.signal);
    const goneBefore = ask('a', 'a3', AbortSignal.abort());
    hangUp.abort();
    expect([await hangsUp, await goneBefore]).toEqual(['request-backpressure hung-up', 'request-backpressure hung-up']);
    await advance(bounds.waitMs);
    expect(await waits).toBe('request-backpressure wait');
    leave('a0');
    await round();
    expect(undecided.state()).toEqual({ inside: 0, waiting: 0 });
    void ask('a', 'a4');
    await settled();
    expect(order).toEqual(['a0', 'a4']);
  });
});
