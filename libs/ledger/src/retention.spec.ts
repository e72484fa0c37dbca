import { describe, expect, it } from '@jest/globals';
import { isExpired, prunable, refusesErasure } from './retention.js';

const day = 24 * 60 * 60 * 1000;
const range = { from: 0, to: 100, keep: 'y6' };

describe('retention', () => {
  it('keeps six years for the class y6, and for ever what it does not know', () => {
    expect(isExpired('y6', 0, 6 * 365 * day)).toBe(false);
    expect(isExpired('y6', 0, 6 * 366 * day + 1)).toBe(true);
    expect(isExpired('six years', 0, 100 * 366 * day)).toBe(false);
  });

  it('prunes around a hold, never through it', () => {
    expect(
      prunable(range, [
        { hold: 'a', from: 20, to: 40 },
        { hold: 'b', from: 30, to: 50 },
      ]),
    ).toEqual([
      { from: 0, to: 20, keep: 'y6' },
      { from: 50, to: 100, keep: 'y6' },
    ]);
    expect(prunable(range, [{ hold: 'a', from: 0, to: 1_000 }])).toEqual([]);
    expect(prunable(range, [{ hold: 'a', from: 0, to: 1_000, releasedAt: 7 }])).toEqual([range]);
  });
});

describe('an erasure', () => {
  const order = { requestedBy: 'ann', orderedBy: 'bob', indices: [3, 9] };

  it('needs two people, no hold and no legal duty', () => {
    expect(refusesErasure({ ...order, orderedBy: 'ann' }, [], () => false)).toBe('one-person');
    expect(refusesErasure(order, [{ hold: 'a', from: 9, to: 10 }], () => false)).toBe('on-hold');
    expect(refusesErasure(order, [], (index) => index === 9)).toBe('legal-duty');
    expect(refusesErasure(order, [{ hold: 'a', from: 9, to: 10, releasedAt: 5 }], () => false)).toBeUndefined();
  });
});
