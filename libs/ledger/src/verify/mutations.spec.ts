import { describe, expect, it } from '@jest/globals';
import { mutateBundles } from './mutations.fixtures.js';

describe('bundles mutated at random', () => {
  it('are never accepted, and both verifiers give the same exit code', async () => {
    const tally = await mutateBundles(400, 20_261_121);
    expect(tally.falseAccepts).toEqual([]);
    expect(tally.disagreements).toEqual([]);
    expect(tally.tried).toBeGreaterThan(380);
  }, 240_000);
});
