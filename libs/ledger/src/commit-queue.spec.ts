import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import { CommitQueue, type Waiting } from './commit-queue.js';
import type { PreparedRecord } from './leaf.js';

/** A record by its name: `a`, `b` … is its tenant, and `-` behind it makes it a deny. */
function waiting(name: string): Waiting & { readonly name: string } {
  const effect = name.endsWith('-') ? 'deny' : 'permit';
  const record = { kind: 'decision', decision: { effect } };
  const prepared = { record, bytes: 1, log: { tenant: { tenant: name.slice(0, 1) as TenantId } } };
  const rest = { isAwaited: true, settle: () => undefined, isSettled: () => false };
  return { name, prepared: prepared as unknown as PreparedRecord, ...rest };
}

function room(...names: readonly string[]) {
  const queue = new CommitQueue();
  const all = names.map(waiting);
  for (const one of all) queue.admit(one);
  const take = (others: number, most: number): readonly string[] =>
    queue.take(others, most).map((taken) => all.find((one) => one === taken)?.name ?? '');
  const release = (...done: readonly string[]): void => {
    for (const one of all) if (done.includes(one.name)) queue.release(one);
  };
  return { queue, all, take, release };
}

describe('the queue of records', () => {
  it('goes round the tenants, each in order', () => {
    const { take } = room('a1', 'a2', 'a3', 'b1', 'c1', 'c2');
    expect(take(4, 64)).toEqual(['a1', 'b1', 'c1', 'a2']);
    expect(take(64, 64)).toEqual(['c2', 'a3']);
  });

  it('H18: takes denials of one tenant for one transaction at a time, and others at once', () => {
    const { queue, take, release } = room('a1-', 'a2-', 'a3-', 'b1-');
    expect(take(0, 3)).toEqual(['a1-', 'b1-', 'a2-']);
    expect(take(64, 64)).toEqual([]);
    expect([queue.waiting, queue.waitingOthers]).toEqual([1, 0]);
    release('a1-');
    expect(take(64, 64)).toEqual([]);
    release('a2-');
    expect(take(64, 64)).toEqual(['a3-']);
    release('b1-', 'a3-');
    expect(queue.held).toBe(0);
  });

  it('gives denials what others leave, and a quarter of a batch in any case', () => {
    const { take } = room('a1-', 'a2-', 'b1', 'b2', 'b3', 'b4', 'b5');
    expect(take(64, 4)).toEqual(['b1', 'b2', 'b3', 'a1-']);
    expect(take(64, 4)).toEqual(['b4', 'b5']);
  });

  it('puts a denial back before those that came later, and takes it again', () => {
    const { queue, all, take } = room('a1-', 'a2-', 'b1');
    expect(take(1, 2)).toEqual(['b1', 'a1-']);
    queue.putBack(all.filter(({ name }) => name !== 'a2-'));
    expect(queue.waiting).toBe(3);
    expect(take(64, 64)).toEqual(['b1', 'a1-', 'a2-']);
  });

  it('lets a denial go whose caller waited too long, and everything when nothing can be written any more', () => {
    const { queue, all } = room('a1-', 'a2-', 'b1');
    expect(queue.withdraw(all[0]!)).toBe(true);
    expect(queue.withdraw(all[0]!)).toBe(false);
    queue.take(0, 1);
    expect(queue.takeAll().map((one) => all.find((each) => each === one)?.name)).toEqual(['b1']);
    expect(queue.waiting).toBe(0);
  });
});
