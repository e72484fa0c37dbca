import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from './canonical.js';
import { canonicalFacts } from './facts-hash.js';
import { randomFacts, seeded } from './fuzz.js';

describe('canonicalFacts', () => {
  it('is the canonical JSON of the facts, whatever they hold', () => {
    const random = seeded(3);
    for (let round = 0; round < 2_000; round += 1) {
      const facts = randomFacts(random);
      expect(canonicalFacts(facts)).toBe(canonicalJson(facts));
      const odd = {
        ...facts,
        ext: { 10: 'a', 9: { deep: [1, null] }, b: Number.NaN },
        request: { ...facts.request, metadata: { 2: 'x', 1: 'y' } },
      };
      expect(canonicalFacts(odd)).toBe(canonicalJson(odd));
    }
  });
});
