import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Credential } from '@writ/domain';
import { calculateJwkThumbprint } from 'jose';
import { certificates } from './certificates.fixture.js';
import { localReplays } from './index.js';
import {
  aBearer,
  aConnection,
  aSigner,
  aWorld,
  sign,
  someClaims,
  startMs,
  tenantA,
  verdict,
  type Signer,
} from './issuer.fixture.js';

let issuer: Signer;
let holder: Signer;
let thief: Signer;
let bound: string;
beforeAll(async () => {
  [issuer, holder, thief] = await Promise.all([aSigner(), aSigner('ES256', 'h'), aSigner('ES256', 't')]);
  bound = await sign(issuer, { ...someClaims, cnf: { jkt: await calculateJwkThumbprint(holder.jwk) } });
});

const url = 'https://gateway.example.com/v1/chat/completions';
const ath = (token: string): string => createHash('sha256').update(token).digest('base64url');

async function proven(claims: object = {}, header: object = {}, by = holder): Promise<Credential> {
  const { use: _use, ...jwk } = by.jwk;
  const body = { htm: 'POST', htu: url, iat: startMs / 1_000, jti: crypto.randomUUID(), ath: ath(bound), ...claims };
  const proof = await sign(by, body, { typ: 'dpop+jwt', kid: undefined, jwk, ...header });
  return aBearer(bound, { scheme: 'dpop', proof, url: `${url}?x=1` });
}

describe('DPoP', () => {
  it('T14: a fresh proof for this request and this token is accepted, and a second time refused', async () => {
    const world = aWorld([issuer.jwk]);
    const credential = await proven();
    expect(await verdict(world, credential)).toBe('ok:ada@A');
    expect(await verdict(world, credential)).toBe('credential-invalid:dpop_replay');
    expect(await verdict(world, await proven())).toBe('ok:ada@A');
  });

  it.each([
    [{ ath: ath('another token') }, 'dpop_ath'],
    [{ ath: undefined }, 'dpop_ath'],
    [{ htu: 'https://other.example.com/v1/chat/completions' }, 'dpop_htu'],
    [{ htu: 'https://gateway.example.com/v1/embeddings' }, 'dpop_htu'],
    [{ htu: 'nonsense' }, 'dpop_htu'],
    [{ htm: 'GET' }, 'dpop_htm'],
    [{ iat: startMs / 1_000 - 61 }, 'dpop_iat'],
    [{ iat: startMs / 1_000 + 6 }, 'dpop_iat'],
    [{ iat: 'now' }, 'dpop_iat'],
    [{ jti: '' }, 'dpop_jti'],
    [{ jti: { id: 1 } }, 'dpop_jti'],
  ])('T14: a proof with %j is refused', async (claims, code) => {
    expect(await verdict(aWorld([issuer.jwk]), await proven(claims))).toBe(`credential-invalid:${code}`);
  });

  it('T14: a proof by another key, with a private key, of another type or with a forged signature is refused', async () => {
    const world = aWorld([issuer.jwk]);
    expect(await verdict(world, await proven({}, {}, thief))).toBe('credential-invalid:dpop_key');
    expect(await verdict(world, await proven({}, { jwk: { ...holder.jwk, d: 'AAAA' } }))).toBe(
      'credential-invalid:dpop_key',
    );
    expect(await verdict(world, await proven({}, { jwk: undefined }))).toBe('credential-invalid:dpop_key');
    expect(await verdict(world, await proven({}, { typ: 'JWT' }))).toBe('credential-invalid:dpop_typ');
    expect(await verdict(world, await proven({}, { jwk: holder.jwk }, thief))).toBe(
      'credential-invalid:dpop_signature',
    );
  });

  it('a forged proof does not use up the genuine one', async () => {
    const world = aWorld([issuer.jwk]);
    const jti = 'same';
    expect(await verdict(world, await proven({ jti }, { jwk: holder.jwk }, thief))).toBe(
      'credential-invalid:dpop_signature',
    );
    expect(await verdict(world, await proven({ jti }))).toBe('ok:ada@A');
  });

  it('a bound token as a plain bearer, and a plain token with a proof, are refused', async () => {
    const world = aWorld([issuer.jwk]);
    expect(await verdict(world, bound)).toBe('credential-invalid:dpop_missing');
    expect(await verdict(world, aBearer(bound, { scheme: 'dpop' }))).toBe('credential-invalid:dpop_missing');
    const plain = await sign(issuer, someClaims);
    expect(await verdict(world, { ...(await proven()), token: plain })).toBe('credential-invalid:dpop_unbound');
    const strict = aWorld([issuer.jwk], {}, aConnection({ settings: { confirmation: 'dpop' } }));
    expect(await verdict(strict, plain)).toBe('credential-invalid:cnf_missing');
    expect(await verdict(strict, await proven())).toBe('ok:ada@A');
  });

  it('when nobody can tell whether a proof is new, the answer is 503', async () => {
    const replays = { first: () => Promise.resolve(undefined) };
    expect(await verdict(aWorld([issuer.jwk], { replays }), await proven())).toBe(
      'identity-unavailable:replay_unknown',
    );
  });

  it('the memory of proofs forgets only what has expired', async () => {
    let now = 0;
    const replays = localReplays(() => now);
    expect(await replays.first(tenantA, ['a'], 100)).toBe(true);
    now = 99;
    expect(await replays.first(tenantA, ['a'], 100)).toBe(false);
    now = 100;
    expect(await replays.first(tenantA, ['a'], 100)).toBe(true);
  });
});

describe('certificate-bound tokens', () => {
  const good = new X509Certificate(certificates.good).raw;
  const other = new X509Certificate(certificates.other).raw;

  it('T15: the token is worth something only with its own certificate', async () => {
    const world = aWorld([issuer.jwk]);
    const thumbprint = createHash('sha256').update(good).digest('base64url');
    const token = await sign(issuer, { ...someClaims, cnf: { 'x5t#S256': thumbprint } });
    expect(await verdict(world, aBearer(token, { clientCertificate: good }))).toBe('ok:ada@A');
    expect(await verdict(world, aBearer(token, { clientCertificate: other }))).toBe(
      'credential-invalid:cnf_certificate',
    );
    expect(await verdict(world, token)).toBe('credential-invalid:cnf_certificate');
  });

  it.each(['x', {}, { kid: 'k' }, { jkt: 'x', jwk: {} }, []])(
    'T15: a binding we do not know (%j) is refused',
    async (cnf) => {
      const token = await sign(issuer, { ...someClaims, cnf });
      expect(await verdict(aWorld([issuer.jwk]), token)).toBe('credential-invalid:cnf_unknown');
    },
  );
});
