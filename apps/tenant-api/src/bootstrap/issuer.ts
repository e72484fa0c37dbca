import { type Result, err, ok } from '@writ/domain';
import { type Control, PlatformKeyRow } from '@writ/postgres/control';
import type { Kms } from '@writ/platform';
import {
  type CryptoKey,
  type JWK,
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
} from 'jose';

const algorithm = 'EdDSA';
const purpose = 'bootstrap-issuer';
/** Below this path of the public address answers the OpenID provider, whose issuer it is. */
export const issuerPath = '/oidc';
const hourMs = 60 * 60 * 1000;

/** What a token of ours is for, and how long it lives. */
const lifetimes = { 'tenant:setup': 24 * hourMs, 'tenant:recovery': hourMs } as const;
export type Scope = keyof typeof lifetimes;

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * Issues tokens for this API's audience alone: the setup subject's, for 24 hours, and one for an hour after a recovery
 * code. No gateway trusts this issuer, so its tokens can neither infer nor read content.
 */
export interface BootstrapIssuer {
  issue(scope: Scope, subject: string, nowMs: number): Promise<IssuedToken>;
  /** What a token of ours was issued for: a sign-up, or `<tenant>/<recovery code>`. */
  verify(
    token: string,
    nowMs: number,
  ): Promise<Result<{ readonly scope: Scope; readonly subject: string }, 'not-ours' | 'refused'>>;
  readonly jwks: { readonly keys: readonly JWK[] };
}

/** The issuer's own key as a JWK, with its private half: for the OpenID provider that signs with the same key. */
export async function bootstrapKey(options: Pick<IssuerOptions, 'control' | 'kms' | 'nowMs'>): Promise<JWK> {
  const { privateJwk, kid } = await ownKey(options);
  return { ...privateJwk, kid };
}

interface IssuerOptions {
  readonly control: Control;
  readonly kms: Kms;
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: () => number;
}

export async function openBootstrapIssuer(options: IssuerOptions): Promise<BootstrapIssuer> {
  const { privateKey, publicKey, publicJwk, kid } = await ownKey(options);
  const { issuer, audience } = options;
  return {
    jwks: { keys: [publicJwk] },
    async issue(scope, subject, nowMs) {
      const expiresAt = nowMs + lifetimes[scope];
      const token = await new SignJWT({ scope })
        .setProtectedHeader({ alg: algorithm, kid, typ: 'writ-setup+jwt' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(privateKey);
      return { token, expiresAt };
    },
    async verify(token, nowMs) {
      const named = issuerOf(token);
      // The OpenID provider's tokens come by the device flow, and are set up for the same one thing.
      const isOfProvider = named === new URL(issuerPath, issuer).href;
      if (named !== issuer && !isOfProvider) return err('not-ours');
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: [algorithm],
          typ: isOfProvider ? 'at+jwt' : 'writ-setup+jwt',
          issuer: named,
          audience,
          currentDate: new Date(nowMs),
          requiredClaims: ['sub', 'exp', 'iat'],
        });
        const scope = scopeOf(payload['scope']);
        if (isOfProvider && scope !== 'tenant:setup') return err('refused');
        return scope && payload.sub ? ok({ scope, subject: payload.sub }) : err('refused');
      } catch {
        return err('refused');
      }
    },
  };
}

function scopeOf(value: unknown): Scope | undefined {
  return value === 'tenant:setup' || value === 'tenant:recovery' ? value : undefined;
}

/** Read without trust, only to choose who verifies the token. */
function issuerOf(token: string): string | undefined {
  try {
    const part = token.split('.')[1];
    const payload: unknown =
      part === undefined ? undefined : JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof payload === 'object' && payload !== null && 'iss' in payload && typeof payload.iss === 'string'
      ? payload.iss
      : undefined;
  } catch {
    return undefined;
  }
}

interface OwnKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
  readonly kid: string;
}

/** Made once for the deployment and kept wrapped; two processes that start together agree on the row that came first. */
async function ownKey(options: { control: Control; kms: Kms; nowMs: () => number }): Promise<OwnKey> {
  const context = `platform-key:${purpose}`;
  const made = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const fresh = await exportJWK(made.publicKey);
  const kid = await calculateJwkThumbprint(fresh);
  const wrapped = await options.kms.wrap(
    context,
    Buffer.from(JSON.stringify(await exportJWK(made.privateKey)), 'utf8'),
  );
  const row = await options.control.inPlatform(async (manager) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(PlatformKeyRow)
      .values({
        purpose,
        kid,
        publicJwk: { ...fresh, kid, alg: algorithm, use: 'sig' },
        wrappedPrivate: wrapped,
        createdAt: new Date(options.nowMs()),
      })
      .orIgnore()
      .execute();
    return manager.findOneByOrFail(PlatformKeyRow, { purpose });
  });
  const text = Buffer.from(await options.kms.unwrap(context, row.wrappedPrivate)).toString('utf8');
  const publicJwk = row.publicJwk as JWK;
  return {
    privateJwk: JSON.parse(text) as JWK,
    privateKey: (await importJWK(JSON.parse(text) as JWK, algorithm)) as CryptoKey,
    publicKey: (await importJWK(publicJwk, algorithm)) as CryptoKey,
    publicJwk,
    kid: row.kid,
  };
}
