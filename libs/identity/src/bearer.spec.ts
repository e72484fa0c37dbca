import { createHash, createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { trustsOverlap } from './index.js';
import {
  aBearer,
  aConnection,
  aSigner,
  aWorld,
  forge,
  issuerUrl,
  sign,
  someClaims,
  startMs,
  tenantB,
  tenantA,
  verdict,
  type Signer,
} from './issuer.fixture.js';

let ec: Signer;
let rsa: Signer;
let stranger: Signer;
beforeAll(async () => {
  [ec, rsa, stranger] = await Promise.all([aSigner(), aSigner('RS256', 'rsa'), aSigner('ES256', 'k1')]);
});

describe('the signature', () => {
  it('a genuine token names its subject, its tenant and its roles', async () => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, someClaims);
    const result = await world.identity.identify(aBearer(token));
    expect(result).toMatchObject({
      ok: true,
      value: {
        tenant: { tenant: tenantA },
        subject: {
          id: 'ada',
          kind: 'human',
          method: 'jwt',
          connection: 'idp',
          roles: ['clinician'],
          groups: ['doctors'],
          credentialThumbprint: createHash('sha256').update(token).digest('hex'),
          expiresAt: startMs + 3_600_000,
        },
      },
    });
  });

  it.each(['none', 'None', 'nOnE', '', 'HS256', 'HS512', 'constructor', ['ES256'], undefined])(
    'T1, T2: alg %j never reaches a key',
    async (alg) => {
      const world = aWorld([ec.jwk]);
      expect(await verdict(world, forge({ alg, kid: 'k1' }, someClaims))).toBe('credential-invalid:token_alg');
      expect(world.fetched).toEqual([]);
    },
  );

  it('T1: an unsigned token with an empty signature is not a token', async () => {
    expect(await verdict(aWorld([ec.jwk]), forge({ alg: 'none' }, someClaims, ''))).toBe(
      'credential-invalid:token_malformed',
    );
  });

  it('T2: HS256 under any spelling of the public key is refused', async () => {
    const publicKey = createPublicKey({ key: rsa.jwk, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const secrets = [
      pem,
      ` ${pem}`,
      `\ufeff${pem}`,
      JSON.stringify(rsa.jwk),
      publicKey.export({ type: 'spki', format: 'der' }),
    ];
    for (const secret of secrets) {
      const unsigned = forge({ alg: 'HS256', kid: 'rsa' }, someClaims).split('.').slice(0, 2).join('.');
      const mac = createHmac('sha256', secret).update(unsigned).digest('base64url');
      expect(await verdict(aWorld([rsa.jwk]), `${unsigned}.${mac}`)).toBe('credential-invalid:token_alg');
    }
  });

  it('T3: a key without alg verifies only what the connection pins', async () => {
    const world = aWorld([rsa.jwk], {}, aConnection({ algorithms: ['RS256'] }));
    expect(await verdict(world, await sign(rsa, someClaims))).toBe('ok:ada@A');
    const pss: Signer = { ...(await aSigner('PS256', 'rsa')) };
    expect(await verdict(world, await sign(pss, someClaims))).toBe('credential-invalid:token_alg');
    const wide = aWorld([ec.jwk], {}, aConnection({ algorithms: ['HS256', 'none'] }));
    expect(await verdict(wide, forge({ alg: 'HS256' }, someClaims))).toBe('credential-invalid:token_alg');
  });

  it.each(['../../etc/passwd', "' OR 1=1--", '🔑', 'unknown'])('T4: kid %j is only the key of a map', async (kid) => {
    const world = aWorld([ec.jwk]);
    expect(await verdict(world, await sign(ec, someClaims, { kid }))).toBe('credential-invalid:key_unknown');
    expect(world.fetched).toEqual([`${issuerUrl}/jwks`]);
  });

  it.each(['k'.repeat(8_000), 'k\u0000', '', ['k1'], { k: 1 }, 1, null])('T4: kid %j is refused', async (kid) => {
    expect(await verdict(aWorld([ec.jwk]), forge({ alg: 'ES256', kid }, someClaims))).toBe(
      'credential-invalid:token_kid',
    );
  });

  it('T4: without a kid and with two keys that fit, neither is tried', async () => {
    const { kid: _kid, ...nameless } = stranger.jwk;
    const token = await sign(ec, someClaims, { kid: undefined });
    expect(await verdict(aWorld([ec.jwk]), token)).toBe('ok:ada@A');
    expect(await verdict(aWorld([ec.jwk, nameless]), token)).toBe('credential-invalid:key_ambiguous');
    expect(await verdict(aWorld([ec.jwk, stranger.jwk]), await sign(ec, someClaims))).toBe(
      'credential-invalid:key_ambiguous',
    );
  });

  it('T5: keys in the header, or addresses of keys, are not looked at', async () => {
    const world = aWorld([ec.jwk]);
    const hostile = { jku: 'http://169.254.169.254/', x5u: 'http://evil/', x5c: ['AAAA'], jwk: stranger.jwk };
    expect(await verdict(world, await sign(stranger, someClaims, hostile))).toBe('credential-invalid:signature');
    expect(await verdict(world, await sign(ec, someClaims, hostile))).toBe('ok:ada@A');
    expect(world.fetched).toEqual([`${issuerUrl}/jwks`]);
  });

  it.each([{ crit: ['exp'] }, { crit: ['b64'], b64: false }, { b64: false }, { b64: true }])(
    'T6: an extension we do not understand is refused: %j',
    async (header) => {
      const token = forge({ alg: 'ES256', kid: 'k1', ...header }, someClaims);
      expect(await verdict(aWorld([ec.jwk]), token)).toBe('credential-invalid:token_crit');
    },
  );

  it('a token changed in any letter is refused, also right after the genuine one was accepted', async () => {
    const world = aWorld([ec.jwk]);
    const token = await sign(ec, someClaims);
    expect(await verdict(world, token)).toBe('ok:ada@A');
    const [head, , tail] = token.split('.') as [string, string, string];
    const other = Buffer.from(JSON.stringify({ ...someClaims, sub: 'eve' })).toString('base64url');
    expect(await verdict(world, `${head}.${other}.${tail}`)).toBe('credential-invalid:signature');
  });
});

describe('the tenant', () => {
  it('T7: an issuer nobody trusts is unknown, and a key of another tenant is no key here', async () => {
    const world = aWorld([ec.jwk]);
    expect(await verdict(world, await sign(ec, { ...someClaims, iss: 'https://other.example.com' }))).toBe(
      'credential-invalid:issuer_unknown',
    );
    const other = 'https://b.example.com';
    world.trusts = [
      ...world.trusts,
      { tenant: tenantB, connection: aConnection({ issuer: other, jwksUri: `${other}/jwks` }) },
    ];
    world.documents.set(`${other}/jwks`, JSON.stringify({ keys: [stranger.jwk] }));
    expect(await verdict(world, await sign(stranger, { ...someClaims, iss: other }))).toBe('ok:ada@B');
    expect(await verdict(world, await sign(ec, { ...someClaims, iss: other }))).toBe('credential-invalid:signature');
  });

  it('T8: of two tenants that share an issuer the bound claim chooses, and where both would do neither does', async () => {
    const world = aWorld([ec.jwk]);
    world.trusts = [
      { tenant: tenantA, connection: aConnection({ id: 'a', boundClaims: { tid: 'alpha' } }) },
      { tenant: tenantB, connection: aConnection({ id: 'b', boundClaims: { tid: 'beta' } }) },
    ];
    expect(await verdict(world, await sign(ec, { ...someClaims, tid: 'alpha' }))).toBe('ok:ada@A');
    expect(await verdict(world, await sign(ec, { ...someClaims, tid: 'beta' }))).toBe('ok:ada@B');
    expect(await verdict(world, await sign(ec, someClaims))).toBe('credential-invalid:bound_claim');
    world.trusts = [world.trusts[0]!, { tenant: tenantB, connection: aConnection({ id: 'b' }) }];
    expect(await verdict(world, await sign(ec, { ...someClaims, tid: 'alpha' }))).toBe(
      'credential-invalid:connection_ambiguous',
    );
  });

  it.each([
    'https://console.example.com',
    ['https://mcp.example.com'],
    [],
    undefined,
    7,
    [['https://gateway.example.com/v1']],
  ])('T9: audience %j is not ours', async (aud) => {
    expect(await verdict(aWorld([ec.jwk]), await sign(ec, { ...someClaims, aud }))).toBe('credential-invalid:audience');
  });

  it('T10: several audiences are accepted only where the connection says so and binds the app', async () => {
    const aud = [someClaims.aud, 'https://other.example.com'];
    const token = await sign(ec, { ...someClaims, aud, azp: 'app-1' });
    const settings = { multipleAudiences: 'true' };
    expect(await verdict(aWorld([ec.jwk]), token)).toBe('credential-invalid:audience_multiple');
    expect(await verdict(aWorld([ec.jwk], {}, aConnection({ settings })), token)).toBe(
      'credential-invalid:audience_multiple',
    );
    const bound = aConnection({ settings, boundClaims: { azp: 'app-1' } });
    expect(await verdict(aWorld([ec.jwk], {}, bound), token)).toBe('ok:ada@A');
    const other = aConnection({ settings, boundClaims: { azp: 'app-2' } });
    expect(await verdict(aWorld([ec.jwk], {}, other), token)).toBe('credential-invalid:bound_claim');
  });

  it('T8: the API is told which connections could both fit a token', () => {
    const alpha = aConnection({ boundClaims: { tid: 'alpha' } });
    expect(trustsOverlap(alpha, aConnection({ boundClaims: { tid: 'beta' } }))).toBe(false);
    expect(trustsOverlap(alpha, aConnection({ boundClaims: { hd: 'beta' } }))).toBe(true);
    expect(trustsOverlap(alpha, aConnection())).toBe(true);
    expect(trustsOverlap(alpha, aConnection({ audiences: ['https://other.example.com'] }))).toBe(false);
    expect(trustsOverlap(alpha, aConnection({ issuer: 'https://other.example.com' }))).toBe(false);
  });
});
