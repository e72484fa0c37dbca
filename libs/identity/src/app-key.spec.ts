import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { aBearer, aWorld, startMs, tenantB, verdict } from './issuer.fixture.js';

describe('app keys', () => {
  const text = `writ_${'k'.repeat(43)}`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  const key = { id: 'key-1', app: 'app-1', sha256, roles: ['batch'], kind: 'workload' as const };

  it('a key is known by its hash, and names its app', async () => {
    const world = aWorld([]);
    world.appKeys = [{ tenant: tenantB, key }];
    const result = await world.identity.identify(aBearer(text, { scheme: 'api-key' }));
    expect(result).toMatchObject({
      ok: true,
      value: {
        tenant: { tenant: tenantB },
        subject: { id: 'key-1', kind: 'workload', method: 'app-key', roles: ['batch'] },
      },
    });
  });

  it('an unknown, a malformed and an expired key are refused', async () => {
    const world = aWorld([]);
    world.appKeys = [{ tenant: tenantB, key: { ...key, expiresAt: startMs } }];
    expect(await verdict(world, text)).toBe('credential-expired:key_expired');
    expect(await verdict(world, `${text}k`)).toBe('credential-invalid:key_unknown');
    expect(await verdict(world, 'writ_short')).toBe('credential-invalid:key_malformed');
  });
});
