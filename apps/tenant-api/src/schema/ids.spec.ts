import { describe, expect, it } from '@jest/globals';
import { fromAnyId, fromId, idKinds, type IdKind, toId } from './ids.js';

const uuid = '019abcde-f012-7345-8678-9abcdef01234';

describe('opaque ids', () => {
  it('gives back the UUID it was made from, for every kind', () => {
    for (const kind of Object.keys(idKinds) as IdKind[]) expect(fromId(kind, toId(kind, uuid))).toBe(uuid);
  });

  it('does not know an id of another kind', () => {
    expect(fromId('Tenant', toId('Endpoint', uuid))).toBeUndefined();
  });

  it('answers a malformed id with a value, never with an exception', () => {
    for (const text of [
      '',
      'ep',
      'ep_',
      'ep_' + '!'.repeat(26),
      'zz_' + 'a'.repeat(26),
      'ep_' + 'a'.repeat(25) + 'b',
      '\u0000',
    ]) {
      expect(fromAnyId(text).ok).toBe(false);
    }
  });
});
