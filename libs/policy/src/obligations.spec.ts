import { describe, expect, it } from '@jest/globals';
import { mergeObligations } from './obligations.js';

describe('people who must agree before a review is clear', () => {
  it('are as many as the strictest rule says, whatever the order of rules', () => {
    const one = { rule: 'one', oblige: { reviewWithinHours: 24, reviewBy: 1 } };
    const two = { rule: 'two', oblige: { reviewWithinHours: 48, reviewBy: 2 } };
    for (const asked of [
      [one, two],
      [two, one],
    ])
      expect(mergeObligations(asked)).toMatchObject({ reviewWithinHours: 24, reviewBy: 2 });
  });

  it('are not named where no rule names them', () => {
    expect(mergeObligations([{ rule: 'one', oblige: { reviewWithinHours: 24 } }])).not.toHaveProperty('reviewBy');
  });
});
