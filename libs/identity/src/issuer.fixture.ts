import type { AppKey, Credential, IdentityConnection, TenantId } from '@writ/domain';
import { CompactSign, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { createIdentity, type Identity, type IdentityNeeds } from './identity.js';
import type { Trust } from './directory.js';
import type { FetchDocument } from './document.js';

/** 2026-01-01T00:00:00Z. */
export const startMs = 1_767_225_600_000;
export const tenantA = '00000000-0000-4000-8000-00000000000a' as TenantId;
export const tenantB = '00000000-0000-4000-8000-00000000000b' as TenantId;
export const issuerUrl = 'https://idp.example.com';

export function aConnection(more: Partial<IdentityConnection> = {}): IdentityConnection {
  return {
    id: 'idp',
    kind: 'oidc',
    issuer: issuerUrl,
    audiences: ['https://gateway.example.com/v1'],
    jwksUri: `${issuerUrl}/jwks`,
    algorithms: ['RS256', 'ES256'],
    boundClaims: {},
    acceptIdTokens: false,
    maxLifetimeSeconds: 86_400,
    skewSeconds: 60,
    subjectKind: 'human',
    roleMappings: [{ claim: 'groups', equals: 'doctors', role: 'clinician' }],
    claims: { groups: 'groups', attributes: [] },
    settings: {},
    ...more,
  };
}

/** An issuer's signing key, made once for a whole file: making one is slow. */
export interface Signer {
  readonly algorithm: string;
  readonly keyId: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function aSigner(algorithm = 'ES256', keyId = 'k1'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, use: 'sig' };
  return { algorithm, keyId, privateKey, jwk };
}

export const someClaims = {
  iss: issuerUrl,
  aud: 'https://gateway.example.com/v1',
  sub: 'ada',
  iat: startMs / 1_000,
  exp: startMs / 1_000 + 3_600,
  groups: ['doctors'],
};

/** Signs any bytes, valid claims or not. */
export async function sign(signer: Signer, claims: object | string, header: object = {}): Promise<string> {
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims);
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: signer.algorithm, kid: signer.keyId, typ: 'at+jwt', ...header })
    .sign(signer.privateKey);
}

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** A token with a header and a payload of any shape and a signature of nobody. */
export function forge(header: unknown, payload: unknown, signature = 'AAAA'): string {
  return `${part(header)}.${part(payload)}.${signature}`;
}

export function aBearer(token: string, more: Partial<Credential> = {}): Credential {
  return { scheme: 'bearer', token, method: 'POST', url: 'https://gateway.example.com/v1/chat/completions', ...more };
}

/** Identity over an identity provider and a directory in memory; everything may be changed while it runs. */
export interface World {
  readonly identity: Identity;
  readonly fetched: string[];
  readonly failures: unknown[];
  /** What the provider serves; undefined is an outage. */
  readonly documents: Map<string, string | undefined>;
  trusts: readonly Trust[];
  appKeys: readonly { readonly tenant: TenantId; readonly key: AppKey }[];
  nowMs: number;
}

export function aWorld(jwks: readonly JWK[], more: Partial<IdentityNeeds> = {}, connection = aConnection()): World {
  const documents = new Map<string, string | undefined>([[`${issuerUrl}/jwks`, JSON.stringify({ keys: jwks })]]);
  const fetched: string[] = [];
  const failures: unknown[] = [];
  const fetchDocument: FetchDocument = (url) => {
    fetched.push(url);
    return Promise.resolve(documents.get(url));
  };
  const world: Omit<World, 'identity'> = {
    fetched,
    failures,
    documents,
    trusts: [{ tenant: tenantA, connection }],
    appKeys: [],
    nowMs: startMs,
  };
  const identity = createIdentity({
    directory: {
      find: (issuer) => Promise.resolve(world.trusts.filter(({ connection: one }) => one.issuer === issuer)),
      findAppKey: (sha256) => Promise.resolve(world.appKeys.find(({ key }) => key.sha256 === sha256)),
      findConnection: (id) => Promise.resolve(world.trusts.find(({ connection: one }) => one.id === id)),
    },
    fetchDocument,
    clock: { nowMs: () => world.nowMs },
    failed: (error) => failures.push(error),
    ...more,
  });
  return Object.assign(world, { identity });
}

/** `ok:<subject>@<tenant>` or `<code>:<detail>`, so that a table of cases reads as one. */
export async function verdict(world: World, token: string | Credential): Promise<string> {
  const result = await world.identity.identify(typeof token === 'string' ? aBearer(token) : token);
  if (result.ok) return `ok:${result.value.subject.id}@${result.value.tenant.tenant === tenantA ? 'A' : 'B'}`;
  return `${result.error.code}:${result.error.detail ?? ''}`;
}
