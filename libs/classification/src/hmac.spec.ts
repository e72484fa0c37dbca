import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hmacHex } from './hmac.js';

const expected = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('hex');

describe('the digest of a value', () => {
  it('is that of RFC 4231, test case 2', () => {
    expect(hmacHex(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('is the HMAC of node:crypto for keys and texts of every length, one behind the other', () => {
    for (const size of [0, 1, 32, 63, 64, 65, 200]) {
      const key = new Uint8Array(size).fill(0xa5);
      for (const length of [0, 1, 55, 56, 64, 1_000, 1_344, 1_345, 5_000, 40_000]) {
        const text = 'é\u{1f600}x'.repeat(length).slice(0, length);
        expect(hmacHex(key, text)).toBe(expected(key, text));
      }
      expect(hmacHex(key, 'short')).toBe(expected(key, 'short'));
    }
  });

  it('depends on the bytes of the key and not on the array that holds them', () => {
    expect(hmacHex(new Uint8Array(32).fill(1), 'value')).toBe(hmacHex(new Uint8Array(32).fill(1), 'value'));
    expect(hmacHex(new Uint8Array(32).fill(1), 'value')).not.toBe(hmacHex(new Uint8Array(32).fill(2), 'value'));
  });
});
