import { describe, expect, it } from '@jest/globals';
import { FairTurns } from './fair-turns.js';

/** Every piece of work takes two ms, and a turn has four. */
function room() {
  let now = 0;
  const due: (() => void)[] = [];
  const order: string[] = [];
  const turns = new FairTurns(
    () => 4,
    () => now,
    (then) => due.push(then),
  );
  const ask = (tenant: string, name: string): Promise<string> =>
    turns.take(tenant, () => {
      order.push(name);
      now += 2;
      return name === 'broken' ? Promise.reject(new Error(name)) : Promise.resolve(name);
    });
  /** The event loop comes round. */
  const round = (): void => due.splice(0).forEach((then) => then());
  return { ask, order, round };
}

describe('turns', () => {
  it('do what comes at once while they have time, and the rest when the event loop comes round', async () => {
    const { ask, order, round } = room();
    const asked = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => ask('a', name));
    expect(order).toEqual(['a1', 'a2']);
    round();
    expect(order).toEqual(['a1', 'a2', 'a3', 'a4']);
    round();
    expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    round();
    void ask('a', 'a6');
    expect(order.at(-1)).toBe('a6');
  });

  it('H18: go round the tenants, so that nobody waits behind the thousand requests of another', () => {
    const { ask, order, round } = room();
    for (let number = 0; number < 1_000; number += 1) void ask('noisy', `n${number}`);
    void ask('quiet', 'q1');
    void ask('quiet', 'q2');
    round();
    round();
    expect(order.slice(0, 6)).toEqual(['n0', 'n1', 'n2', 'q1', 'n3', 'q2']);
  });

  it('are not passed by who comes later, however much time is left', () => {
    const { ask, order, round } = room();
    for (const name of ['a1', 'a2', 'a3']) void ask('a', name);
    round();
    void ask('b', 'b1');
    expect(order).toEqual(['a1', 'a2', 'a3', 'b1']);
    void ask('a', 'a4');
    void ask('b', 'b2');
    expect(order).toHaveLength(4);
    round();
    expect(order.slice(4)).toEqual(['a4', 'b2']);
  });

  it('go on when a piece of work fails, which only its own caller hears', async () => {
    const { ask, order, round } = room();
    const asked = ['a1', 'a2', 'broken', 'a4'].map((name) => ask('a', name));
    round();
    await expect(asked[2]).rejects.toThrow('broken');
    expect(await asked[3]).toBe('a4');
    expect(order).toHaveLength(4);
  });
});
