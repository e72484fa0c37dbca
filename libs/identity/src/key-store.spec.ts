import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConnection,
  aSigner,
  aWorld,
  issuerUrl,
  sign,
  someClaims,
  tenantA,
  verdict,
  type Signer,
} from './issuer.fixture.js';

let one: Signer;
let two: Signer;
beforeAll(async () => {
  [one, two] = await Promise.all([aSigner('ES256', 'one'), aSigner('ES256', 'two')]);
});

function boom(): never {
  throw new Error('boom');
}

const jwks = `${issuerUrl}/jwks`;
const hour = 3_600_000;
const lasting = { ...someClaims, exp: someClaims.exp + 30 * 3_600 };
const patient = aConnection({ maxLifetimeSeconds: 10 * 86_400 });

describe('the keys of a connection', () => {
  it('T16: random key ids cause one fetch per connection and half minute, and another tenant is not touched', async () => {
    const world = aWorld([one.jwk]);
    const tokens = await Promise.all(
      Array.from({ length: 300 }, (_, index) => sign(one, someClaims, { kid: `random-${index}` })),
    );
    for (let second = 0; second < 60; second += 1) {
      await Promise.all(tokens.slice(second * 5, second * 5 + 5).map((token) => verdict(world, token)));
      world.nowMs += 1_000;
    }
    expect(world.fetched).toHaveLength(2);
    expect(await verdict(world, await sign(one, someClaims))).toBe('ok:ada@A');
  });

  it('concurrent first requests wait for one fetch', async () => {
    const world = aWorld([one.jwk]);
    const token = await sign(one, someClaims);
    const seen = await Promise.all(Array.from({ length: 50 }, () => verdict(world, token)));
    expect(new Set(seen)).toEqual(new Set(['ok:ada@A']));
    expect(world.fetched).toHaveLength(1);
  });

  it.each([
    ['HTML', '<html>login</html>'],
    ['10,000 keys', JSON.stringify({ keys: Array.from({ length: 10_000 }, (_, kid) => ({ kty: 'RSA', kid })) })],
    ['no keys', '{"keys":[]}'],
    ['an array', '[]'],
    ['nothing', undefined],
  ])('T17: %s instead of a key set is an outage, and the last good set serves on', async (_name, document) => {
    const world = aWorld([one.jwk], {}, patient);
    const token = await sign(one, lasting);
    expect(await verdict(world, token)).toBe('ok:ada@A');
    world.documents.set(jwks, document);
    world.nowMs += hour;
    expect(await verdict(world, token)).toBe('ok:ada@A');
    const fresh = aWorld([], {}, patient);
    fresh.documents.set(jwks, document);
    expect(await verdict(fresh, token)).toBe('identity-unavailable:jwks_unavailable');
  });

  it('F30: known keys keep working through an outage for a day, then the answer is 503 and not 401', async () => {
    const world = aWorld([one.jwk], {}, patient);
    const token = await sign(one, lasting);
    expect(await verdict(world, token)).toBe('ok:ada@A');
    world.documents.delete(jwks);
    world.nowMs += 23 * hour;
    expect(await verdict(world, token)).toBe('ok:ada@A');
    await new Promise(setImmediate);
    expect(world.identity.keySets()).toMatchObject([{ tenant: tenantA, connection: 'idp', keys: 1, failing: true }]);
    world.nowMs += 2 * hour;
    expect(await verdict(world, token)).toBe('identity-unavailable:jwks_unavailable');
    world.documents.set(jwks, JSON.stringify({ keys: [one.jwk] }));
    world.nowMs += 31_000;
    expect(await verdict(world, token)).toBe('ok:ada@A');
  });

  it('F30: an unknown key id during an outage is 503: the provider may well have a new key', async () => {
    const world = aWorld([one.jwk]);
    expect(await verdict(world, await sign(one, someClaims))).toBe('ok:ada@A');
    world.documents.delete(jwks);
    world.nowMs += 31_000;
    expect(await verdict(world, await sign(two, someClaims))).toBe('identity-unavailable:jwks_unavailable');
  });

  it('F31: the first token of a rotated key causes one fetch and is accepted; the removed key is refused', async () => {
    const world = aWorld([one.jwk]);
    const before = await sign(one, someClaims);
    expect(await verdict(world, before)).toBe('ok:ada@A');
    world.documents.set(jwks, JSON.stringify({ keys: [two.jwk] }));
    world.nowMs += 31_000;
    expect(await verdict(world, await sign(two, someClaims))).toBe('ok:ada@A');
    expect(world.fetched).toHaveLength(2);
    expect(await verdict(world, before)).toBe('credential-invalid:key_unknown');
  });

  it('finds the keys by discovery, and only in a document that names its own issuer', async () => {
    const { jwksUri: _uri, ...found } = aConnection();
    const token = await sign(one, someClaims);
    const about = `${issuerUrl}/.well-known/openid-configuration`;
    const world = aWorld([one.jwk], {}, found);
    world.documents.set(about, JSON.stringify({ issuer: issuerUrl, jwks_uri: jwks }));
    expect(await verdict(world, token)).toBe('ok:ada@A');
    const impostor = aWorld([one.jwk], {}, found);
    impostor.documents.set(about, JSON.stringify({ issuer: 'https://evil.example.com', jwks_uri: jwks }));
    expect(await verdict(impostor, token)).toBe('identity-unavailable:jwks_unavailable');
    expect(impostor.fetched).toEqual([about]);
  });

  it('a connection that points elsewhere does not keep the old keys', async () => {
    const world = aWorld([one.jwk]);
    expect(await verdict(world, await sign(one, someClaims))).toBe('ok:ada@A');
    world.documents.set(`${issuerUrl}/new`, JSON.stringify({ keys: [two.jwk] }));
    world.trusts = [{ tenant: tenantA, connection: aConnection({ jwksUri: `${issuerUrl}/new` }) }];
    expect(await verdict(world, await sign(one, someClaims))).toBe('credential-invalid:key_unknown');
  });

  it('T22: an exception anywhere inside is 503, never a subject', async () => {
    const token = await sign(one, someClaims);
    const directory = {
      find: () => Promise.reject(new Error('down')),
      findAppKey: () => Promise.reject(new Error('down')),
    };
    const worlds = [
      aWorld([one.jwk], { directory }),
      aWorld([one.jwk], { clock: { nowMs: boom } }),
      aWorld([one.jwk], { fetchDocument: boom }),
    ];
    const verdicts = await Promise.all(worlds.map((world) => verdict(world, token)));
    expect(verdicts).toEqual([
      'identity-unavailable:identity_failed',
      'identity-unavailable:identity_failed',
      'identity-unavailable:jwks_unavailable',
    ]);
    expect(await verdict(worlds[0]!, `writ_${'k'.repeat(43)}`)).toBe('identity-unavailable:identity_failed');
  });
});
