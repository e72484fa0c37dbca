import { describe, expect, it } from '@jest/globals';
import { agreeOnRandomRecords } from './random-records.fixtures.js';

describe('A3: records of random content', () => {
  it('are accepted by both verifiers, whatever callers put into them', async () => {
    const { records, apart } = await agreeOnRandomRecords(150, 20_261_126);
    expect(apart).toEqual([]);
    expect(records).toBeGreaterThanOrEqual(150);
  }, 240_000);
});
