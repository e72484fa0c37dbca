import { describe, expect, it } from '@jest/globals';
import { Neighbours } from './neighbours.js';

describe('neighbours', () => {
  it('are there for a second after one tenant followed another, and never while one is alone', () => {
    let now = 5_000;
    const neighbours = new Neighbours(() => now);
    for (const tenant of ['a', 'a', 'a']) neighbours.seen(tenant);
    expect(neighbours.areSeveral()).toBe(false);
    neighbours.seen('b');
    now += 999;
    expect(neighbours.areSeveral()).toBe(true);
    now += 1;
    expect(neighbours.areSeveral()).toBe(false);
    neighbours.seen('b');
    expect(neighbours.areSeveral()).toBe(false);
    neighbours.seen('a');
    expect(neighbours.areSeveral()).toBe(true);
  });
});
