import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Credential } from '@writ/domain';
import { calculateJwkThumbprint } from 'jose';
import { createHash, X509Certificate } from 'node:crypto';
import { issuerOfAuthority } from './certificate.js';
import { certificates } from './certificates.fixture.js';
import { createIdentity, type IdentityNeeds } from './identity.js';
import {
  aBearer,
  aConnection,
  aSigner,
  aWorld,
  issuerUrl,
  sign,
  someClaims,
  startMs,
  tenantA,
  type Signer,
} from './issuer.fixture.js';
import { localReplays } from './replays.js';

let signer: Signer;
beforeAll(async () => {
  signer = await aSigner();
});

/** Throws, or rejects, at the n-th call into anything that identity depends on. */
class Saboteur {
  calls = 0;
  constructor(private readonly at: number) {}
  readonly step = (): void => {
    this.calls += 1;
    if (this.calls === this.at) throw new Error('sabotage');
  };
  async async<T>(value: T | Promise<T>): Promise<T> {
    await Promise.resolve();
    this.step();
    return value;
  }
}

const key = `writ_${'k'.repeat(43)}`;

function needs(saboteur: Saboteur, answer: object): IdentityNeeds {
  const replays = localReplays(() => startMs);
  const trusts = [
    aConnection(),
    aConnection({
      id: 'opaque',
      kind: 'introspection',
      introspectionUri: 'https://x.example',
      settings: { clientId: 'c' },
    }),
    aConnection({
      id: 'mtls',
      kind: 'mtls',
      issuer: issuerOfAuthority(certificates.acme),
      settings: { trustRoots: certificates.acme },
    }),
  ].map((connection) => ({ tenant: tenantA, connection }));
  const sha256 = createHash('sha256').update(key).digest('hex');
  const appKey = { id: 'k', app: 'a', sha256, roles: [], kind: 'workload' as const };
  return {
    directory: {
      find: (issuer) =>
        saboteur.async(trusts.filter(({ connection }) => connection.issuer === issuer && connection.id !== 'opaque')),
      findAppKey: () => saboteur.async({ tenant: tenantA, key: appKey }),
      findConnection: () => saboteur.async(trusts[1]),
    },
    fetchDocument: (url) =>
      saboteur.async(JSON.stringify(url === `${issuerUrl}/jwks` ? { keys: [signer.jwk] } : answer)),
    clock: {
      nowMs: () => {
        saboteur.step();
        return Date.UTC(2026, 11, 1);
      },
    },
    clientSecret: () => saboteur.async('secret'),
    replays: { first: (tenant, names, ttlMs) => saboteur.async(replays.first(tenant, names, ttlMs)) },
  };
}

async function credentials(): Promise<Record<string, Credential>> {
  const seconds = Date.UTC(2026, 11, 1) / 1_000;
  const claims = { ...someClaims, iat: seconds, exp: seconds + 600 };
  const bound = await sign(signer, { ...claims, cnf: { jkt: await calculateJwkThumbprint(signer.jwk) } });
  const url = 'https://gateway.example.com/v1/chat/completions';
  const ath = createHash('sha256').update(bound).digest('base64url');
  const { use: _use, ...jwk } = signer.jwk;
  const proof = await sign(signer, { htm: 'POST', htu: url, iat: seconds, jti: 'j', ath }, { typ: 'dpop+jwt', jwk });
  return {
    token: aBearer(await sign(signer, claims)),
    'app key': aBearer(key),
    opaque: aBearer('opaque~token'),
    proof: aBearer(bound, { scheme: 'dpop', proof, url }),
    certificate: aBearer('', { scheme: 'none', clientCertificate: new X509Certificate(certificates.good).raw }),
  };
}

describe('T22: a fault anywhere inside authentication', () => {
  it.each(['token', 'app key', 'opaque', 'proof', 'certificate'])(
    'refuses with 503 at every call that verifying a %s makes, and never names a subject',
    async (name) => {
      const credential = (await credentials())[name]!;
      const seconds = Date.UTC(2026, 11, 1) / 1_000;
      const answer = { active: true, ...someClaims, iat: seconds, exp: seconds + 600 };
      const healthy = new Saboteur(-1);
      expect((await createIdentity(needs(healthy, answer)).identify(credential)).ok).toBe(true);
      expect(healthy.calls).toBeGreaterThan(0);
      for (let at = 1; at <= healthy.calls; at += 1) {
        const result = await createIdentity(needs(new Saboteur(at), answer)).identify(credential);
        expect(result).toMatchObject({ ok: false, error: { code: 'identity-unavailable' } });
      }
    },
  );

  it('is told to the operators, and the next request is served', async () => {
    const world = aWorld([signer.jwk]);
    const seen: unknown[] = [];
    let broken = true;
    const identity = createIdentity({
      directory: {
        find: () => (broken ? Promise.reject(new Error('down')) : Promise.resolve(world.trusts)),
        findAppKey: () => Promise.resolve(undefined),
      },
      fetchDocument: () => Promise.resolve(JSON.stringify({ keys: [signer.jwk] })),
      clock: { nowMs: () => startMs },
      failed: (error) => seen.push(error),
    });
    const credential = aBearer(await sign(signer, someClaims));
    expect((await identity.identify(credential)).ok).toBe(false);
    expect(seen).toHaveLength(1);
    broken = false;
    expect((await identity.identify(credential)).ok).toBe(true);
  });
});
