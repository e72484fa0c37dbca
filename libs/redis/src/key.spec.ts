import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import { keyOf } from './key.js';

const tenant = '0198a000-0000-7000-8000-00000000000a' as TenantId;

describe('keys', () => {
  it('X9: two lists of names never spell the same key', () => {
    const keys = [['a', 'b'], ['ab'], ['a,b'], ['["a","b"]'], ['a', 'b', '']].map((names) =>
      keyOf(tenant, 'k', ...names),
    );
    expect(new Set(keys).size).toBe(5);
  });

  it.each(['', '*', `${tenant}}`, tenant.toUpperCase(), 'a:b', '\u{1f642}', 'x'.repeat(10_240)])(
    'X9: a tenant that is no UUID (%j) has no key',
    (name) => {
      expect(() => keyOf(name as TenantId, 'k')).toThrow('UUID');
    },
  );
});
