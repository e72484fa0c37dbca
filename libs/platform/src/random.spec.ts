import { describe, expect, it } from '@jest/globals';
import { uuidv7 } from './clock.js';
import { randomPool } from './random.js';

describe('the pool of random bytes', () => {
  it('hands every byte out once, and never touches what it handed out', () => {
    const random = randomPool();
    const taken = Array.from({ length: 2_000 }, () => random(16));
    const asFirstSeen = taken.map((bytes) => Buffer.from(bytes).toString('hex'));
    random(4_096);
    expect(taken.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(asFirstSeen);
    expect(new Set(asFirstSeen).size).toBe(taken.length);
  });

  it('gives as many bytes as were asked for, also more than it holds', () => {
    const random = randomPool();
    expect([1, 104, 2_048, 2_049, 20_000].map((length) => random(length).length)).toEqual([
      1, 104, 2_048, 2_049, 20_000,
    ]);
  });
});

describe('a UUID of version 7', () => {
  it('begins with its time and says its version and variant (RFC 9562)', () => {
    const ids = Array.from({ length: 1_000 }, () => uuidv7(Date.UTC(2026, 10, 26)));
    const time = Date.UTC(2026, 10, 26).toString(16).padStart(12, '0');
    for (const id of ids)
      expect(id).toMatch(
        new RegExp(`^${time.slice(0, 8)}-${time.slice(8)}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
      );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
