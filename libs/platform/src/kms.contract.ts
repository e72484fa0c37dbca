import { expect, it } from '@jest/globals';
import type { Kms } from './kms.js';

const secret = Buffer.from('a key of 32 bytes, more or less.');

/** What every driver of the key service promises. `foreign` makes a blob of another driver. */
export function kmsContract(open: () => Kms, foreign: () => Promise<string>): void {
  it('unwraps what it wrapped, byte for byte, for every length that a key has', async () => {
    const kms = open();
    for (const plain of [secret, Buffer.alloc(32), Buffer.from([0, 255, 10, 13, 128]), Buffer.alloc(4_096, 3)]) {
      const blob = await kms.wrap('tenant/a/hmac', plain);
      expect(Buffer.from(await kms.unwrap('tenant/a/hmac', blob))).toEqual(plain);
    }
  });

  it('refuses a blob in another context, the empty one too', async () => {
    const kms = open();
    const blob = await kms.wrap('tenant/a/hmac', secret);
    for (const context of ['tenant/b/hmac', 'tenant/a/content', 'tenant/a/hmac ', ''])
      await expect(kms.unwrap(context, blob)).rejects.toThrow();
  });

  it('makes another blob each time, of letters that stand in any file, and none that shows the key', async () => {
    const kms = open();
    const [one, two] = [await kms.wrap('a', secret), await kms.wrap('a', secret)];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^[a-z]\d\.[A-Za-z0-9._-]+$/);
    expect(Buffer.from(one.split('.').at(-1) ?? '', 'base64url').includes(secret)).toBe(false);
  });

  it('refuses a blob that was changed, cut or made by another driver', async () => {
    const kms = open();
    const blob = await kms.wrap('a', secret);
    const at = blob.length - 8;
    const changed = `${blob.slice(0, at)}${blob[at] === 'A' ? 'B' : 'A'}${blob.slice(at + 1)}`;
    for (const wrong of [changed, blob.slice(0, -12), blob.slice(0, 3), '', 'nothing', await foreign()])
      await expect(kms.unwrap('a', wrong)).rejects.toThrow();
  });
}
