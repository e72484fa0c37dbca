import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import {
  aBearer,
  aConnection,
  aSigner,
  aWorld,
  forge,
  sign,
  someClaims,
  startMs,
  verdict,
  type Signer,
} from './issuer.fixture.js';

let ec: Signer;
beforeAll(async () => {
  ec = await aSigner();
});

const seconds = startMs / 1_000;

describe('the claims', () => {
  it.each([{ nonce: 'n' }, { at_hash: 'h' }, { typ: 'ID' }])(
    'T11: an ID token (%j) is no access token',
    async (more) => {
      const token = await sign(ec, { ...someClaims, ...more }, { typ: 'JWT' });
      expect(await verdict(aWorld([ec.jwk]), token)).toBe('credential-invalid:id_token');
      expect(await verdict(aWorld([ec.jwk], {}, aConnection({ acceptIdTokens: true })), token)).toBe('ok:ada@A');
    },
  );

  it.each(['dpop+jwt', 'logout+jwt', 'secevent+jwt', 7])('a token of type %j is no access token', async (typ) => {
    const token = forge({ alg: 'ES256', kid: 'k1', typ }, someClaims);
    expect(await verdict(aWorld([ec.jwk]), token)).toBe('credential-invalid:token_typ');
  });

  it.each([
    [{ exp: undefined }, 'credential-invalid:token_exp'],
    [{ exp: 0 }, 'credential-invalid:token_exp'],
    [{ exp: -1 }, 'credential-invalid:token_exp'],
    [{ exp: seconds + 0.5 }, 'credential-invalid:token_exp'],
    [{ exp: 1e308 }, 'credential-invalid:token_exp'],
    [{ exp: String(seconds + 60) }, 'credential-invalid:token_exp'],
    [{ exp: seconds - 61 }, 'credential-expired:token_expired'],
    [{ exp: seconds - 59 }, 'ok:ada@A'],
    [{ nbf: seconds + 61 }, 'credential-invalid:token_nbf'],
    [{ nbf: seconds + 59 }, 'ok:ada@A'],
    [{ nbf: 'soon' }, 'credential-invalid:token_nbf'],
    [{ iat: seconds + 61 }, 'credential-invalid:token_iat'],
    [{ exp: seconds + 315_360_000 }, 'credential-invalid:token_lifetime'],
    [{ iat: undefined, exp: seconds + 86_461 }, 'credential-invalid:token_lifetime'],
    [{ iat: seconds - 80_000, exp: seconds + 8_000 }, 'credential-invalid:token_lifetime'],
    [{ sub: undefined }, 'credential-invalid:token_subject'],
    [{ sub: '' }, 'credential-invalid:token_subject'],
    [{ sub: { toString: 'ada' } }, 'credential-invalid:token_subject'],
  ])('T12: %j', async (more, expected) => {
    expect(await verdict(aWorld([ec.jwk]), await sign(ec, { ...someClaims, ...more }))).toBe(expected);
  });

  it('T12: no connection can stretch the skew beyond a minute', async () => {
    const world = aWorld([ec.jwk], {}, aConnection({ skewSeconds: 86_400 }));
    expect(await verdict(world, await sign(ec, { ...someClaims, exp: seconds - 61 }))).toBe(
      'credential-expired:token_expired',
    );
  });

  it.each([
    [3_600_000, 'credential-expired:token_expired'],
    [-3_600_000, 'credential-invalid:token_iat'],
    [10 * 365 * 86_400_000, 'credential-expired:token_expired'],
  ])('F36: a clock that is %i ms off takes no token beyond a minute of skew', async (offMs, expected) => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, { ...someClaims, exp: seconds + 1_800 });
    expect(await verdict(world, token)).toBe('ok:ada@A');
    world.nowMs += offMs;
    expect(await verdict(world, token)).toBe(expected);
  });

  it('T13: a token that was verified before is refused once it has expired', async () => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, someClaims);
    expect(await verdict(world, token)).toBe('ok:ada@A');
    world.nowMs += 3_600_000 + 60_000;
    expect(await verdict(world, token)).toBe('credential-expired:token_expired');
  });

  it('T18: a megabyte, deep nesting, repeated members and __proto__ are refused without effect', async () => {
    const world = aWorld([ec.jwk]);
    expect(await verdict(world, forge({ alg: 'ES256' }, { pad: 'x'.repeat(1_000_000) }))).toBe(
      'credential-invalid:token_size',
    );
    const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
    const repeated = `{"sub":"eve",${JSON.stringify(someClaims).slice(1)}`;
    const escaped = `{"s\\u0075b":"eve",${JSON.stringify(someClaims).slice(1)}`;
    const proto = `{"__proto__":{"admin":true},${JSON.stringify(someClaims).slice(1)}`;
    for (const payload of [
      deep,
      repeated,
      escaped,
      proto,
      '[]',
      'null',
      '"x"',
      '{"a":1}{}',
      '{"a":"\\ud800"}',
      '{a:1}',
    ])
      expect(await verdict(world, await sign(ec, payload))).toBe('credential-invalid:token_json');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('T18: one token has one text: spare bits, padding and white space are refused', async () => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, someClaims);
    for (const other of [`${token}=`, `${token} `, ` ${token}`, `${token}\n`, `${token}.`, `.${token}`])
      expect(await verdict(world, other)).toBe('credential-invalid:token_malformed');
  });

  it('T19: tokens that share a long beginning are never taken for each other', async () => {
    const world = aWorld([ec.jwk]);
    const pad = 'p'.repeat(400);
    const people = Array.from({ length: 40 }, (_, index) => `person-${index}`);
    const tokens = await Promise.all(people.map((sub) => sign(ec, { pad, ...someClaims, sub })));
    expect(new Set(tokens.map((token) => token.slice(0, 256))).size).toBe(1);
    const rounds = [0, 1, 2].flatMap(() => tokens.map((token, index) => ({ token, sub: people[index]! })));
    const seen = await Promise.all(rounds.map(({ token }) => verdict(world, token)));
    expect(seen).toEqual(rounds.map(({ sub }) => `ok:${sub}@A`));
  });

  it.each(["sk-' OR 1=1--", '%00'.repeat(3_333), 'a\r\nX-Tenant: b', 'é', 'a.b', 'a.b.c.d.e'])(
    'T20: a bearer that was never a token (%j) is refused without a look-up',
    async (token) => {
      const world = aWorld([ec.jwk]);
      expect(await verdict(world, token)).toBe('credential-invalid:token_malformed');
      expect(world.fetched).toEqual([]);
    },
  );

  it('a connection that is removed takes effect at once, whatever was verified before', async () => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, someClaims);
    expect(await verdict(world, token)).toBe('ok:ada@A');
    world.trusts = [];
    expect(await verdict(world, token)).toBe('credential-invalid:issuer_unknown');
  });

  it('without a credential the caller is told so', async () => {
    expect(await verdict(aWorld([ec.jwk]), aBearer('', { scheme: 'none' }))).toBe('credential-missing:');
  });

  it('private and symmetric keys of a key set verify nothing', async () => {
    const oct: JWK = { kty: 'oct', k: 'c2VjcmV0', kid: 'k1' };
    expect(await verdict(aWorld([oct]), await sign(ec, someClaims))).toBe('identity-unavailable:jwks_unavailable');
  });
});
