import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { toBase64Url } from './bytes.js';
import { commitTo, commitment, hmac, saltOf } from './sealing.js';

const seed = createHash('sha256').update('seed').digest();

describe('a commitment', () => {
  it.each([
    ['nothing', ''],
    ['a short value', 'nora'],
    ['other scripts', 'Grüße, 患者 \u{1f600}'],
    ['a value that just fits', 'x'.repeat(10_896)],
    ['one that may not', '€'.repeat(10_897)],
    ['a long one', 'ab"\\ü'.repeat(40_000)],
  ])('is the HMAC of field and value under the salt of the field: %s', (_name, value) => {
    const salt = createHash('sha256').update(seed).update('writ/salt/v1\0prompt').digest();
    const mac = createHmac('sha256', salt).update(`writ/v1\0prompt\0${value}`).digest();
    expect(saltOf(seed, 'prompt')).toEqual(salt);
    expect(commitTo('prompt', value, salt)).toEqual(mac);
    expect(commitment(seed, 'prompt', value)).toBe(toBase64Url(mac));
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => hmac(new Uint8Array(31), seed)).toThrow('32 bytes');
    expect(() => commitTo('prompt', '', new Uint8Array(64))).toThrow('32 bytes');
  });
});
