import { describe, expect, it } from '@jest/globals';
import { fuzzPolicy, randomRequests, seeded } from './fuzz.js';
import { randomDocument } from './fuzz-policy.js';

describe('the compiled engine', () => {
  it('decides as the reference interpreter does, on random policies, catalogues and requests with facts missing', () => {
    const random = seeded(20_260_729);
    for (let policies = 0; policies < 250; policies += 1) {
      const source = randomDocument(random, 1 + Math.floor(random() * (random() < 0.1 ? 40 : 12)));
      const platform = random() < 0.2 ? randomDocument(random, 3) : undefined;
      expect(fuzzPolicy(random, source, platform, randomRequests(random, 80))).toBeUndefined();
    }
  });
});
