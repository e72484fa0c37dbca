import { describe, expect, it } from '@jest/globals';
import { DialBudget } from './dial-budget.js';

describe('the budget of dials', () => {
  it('ends after 120 in ten minutes, for each tenant by itself, and begins anew after them', () => {
    let now = 0;
    const budget = new DialBudget(() => now);
    const taken = Array.from({ length: 121 }, () => budget.take('one'));
    expect(taken.filter((allowed) => !allowed)).toHaveLength(1);
    expect(budget.take('two')).toBe(true);
    now = 10 * 60 * 1000;
    expect(budget.take('one')).toBe(true);
  });
});
