import { describe, expect, it } from '@jest/globals';
import { kmsContract } from './kms.contract.js';
import { localKms, openText, rememberingKms, sealText } from './kms.js';
import { uuidv7 } from './clock.js';

const key = Buffer.alloc(32, 7);

describe('sealing', () => {
  it('opens only with the same key and the same additional data', () => {
    const sealed = sealText(key, 'tenant-a|table|row', 'secret');
    expect(openText(key, 'tenant-a|table|row', sealed)).toBe('secret');
    expect(() => openText(key, 'tenant-b|table|row', sealed)).toThrow();
    expect(() => openText(Buffer.alloc(32, 8), 'tenant-a|table|row', sealed)).toThrow();
  });

  it('never seals the same text to the same bytes', () => {
    expect(sealText(key, 'a', 'x')).not.toBe(sealText(key, 'a', 'x'));
  });
});

describe('the local key', () => {
  kmsContract(
    () => localKms(key),
    () => localKms(Buffer.alloc(32, 8)).wrap('a', Buffer.from('k')),
  );
});

describe('a key service that remembers', () => {
  it('asks once for the same blob and context, again after its time, and keeps no failure and no more than it may', async () => {
    let asked = 0;
    let now = 0;
    const inner = localKms(key);
    const counted = {
      ...inner,
      unwrap: (context: string, blob: string) => ((asked += 1), inner.unwrap(context, blob)),
    };
    const kms = rememberingKms(counted, { nowMs: () => now, forMs: 60_000, atMost: 1 });
    const blob = await kms.wrap('a', Buffer.from('k'));
    await kms.unwrap('a', blob);
    await kms.unwrap('a', blob);
    expect(asked).toBe(1);
    await expect(kms.unwrap('b', blob)).rejects.toThrow();
    await expect(kms.unwrap('b', blob)).rejects.toThrow();
    expect(asked).toBe(3);
    now = 60_000;
    await kms.unwrap('a', blob);
    expect(asked).toBe(4);
    await kms.unwrap('a', await kms.wrap('a', Buffer.from('other')));
    await kms.unwrap('a', blob);
    expect(asked).toBe(6);
  });
});

describe('uuidv7', () => {
  it('carries its time in the first 48 bits and its version and variant where RFC 9562 puts them', () => {
    const id = uuidv7(1_700_000_000_000);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
