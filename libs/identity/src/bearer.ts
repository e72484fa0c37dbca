import {
  err,
  limits,
  ok,
  refuse,
  type JsonObject,
  type Refusal,
  type Result,
  type Subject,
  type TenantId,
} from '@writ/domain';
import { compactVerify, errors } from 'jose';
import { BoundedMap } from './bounded-map.js';
import { checks } from './checks.js';
import { textClaim } from './claim.js';
import type { Directory, Trust } from './directory.js';
import type { VerificationKey } from './key-set.js';
import type { KeyStore } from './key-store.js';
import { selectTrust } from './select-trust.js';
import { subjectOf } from './subject-of-claims.js';
import type { Token } from './token.js';
import { issuerOfSpiffe } from './workload.js';

export interface Verified {
  readonly subject: Subject;
  readonly tenant: TenantId;
}

/**
 * Remembers which key verified which token: the full SHA-256 of the token, the tenant and the connection name it, and the
 * very key that the store holds now must be the one remembered. Expiry and every other check run each time.
 */
export class SignatureMemory {
  readonly #keys = new BoundedMap<VerificationKey>(limits.verifiedTokens);

  async verify(token: Token, { tenant, connection }: Trust, key: VerificationKey): Promise<boolean> {
    const name = `${token.sha256} ${tenant} ${connection.id}`;
    if (this.#keys.get(name) === key) return true;
    const genuine = await isSignedBy(token, key);
    if (genuine) this.#keys.set(name, key);
    return genuine;
  }
}

export async function isSignedBy({ text, algorithm }: Token, key: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/** Whom the token's issuer, or a SPIFFE subject's trust domain, belongs to. */
export async function trustOf(claims: JsonObject, directory: Directory): Promise<Result<Trust, string>> {
  const issuer = textClaim(claims, 'iss') ?? issuerOfSpiffe(textClaim(claims, 'sub'));
  if (issuer === undefined) return err('issuer_unknown');
  const trusts = await directory.find(issuer);
  return selectTrust(
    trusts.filter(({ connection }) => connection.issuer === issuer && connection.kind !== 'mtls'),
    claims,
  );
}

/** Every check but the signature; undefined when all pass. */
export function checkClaims(token: Token, { connection }: Trust, nowMs: number): Refusal | undefined {
  for (const check of checks) {
    const code = check.failure(token, connection, nowMs);
    if (code !== undefined)
      return refuse(code === 'token_expired' ? 'credential-expired' : 'credential-invalid', { detail: code });
  }
  return undefined;
}

/** A JWT access token: trusted issuer, every check, then the signature under the connection's own keys. */
export async function verifyToken(
  token: Token,
  trust: Trust,
  keys: KeyStore,
  memory: SignatureMemory,
  nowMs: number,
): Promise<Result<Verified, Refusal>> {
  const refused = checkClaims(token, trust, nowMs);
  if (refused) return err(refused);
  const key = await keys.keyFor(token, trust);
  if (!key.ok) return key;
  if (!(await memory.verify(token, trust, key.value)))
    return err(refuse('credential-invalid', { detail: 'signature' }));
  const subject = subjectOf(
    {
      claims: token.claims,
      issuer: trust.connection.issuer,
      method: 'jwt',
      credentialThumbprint: token.sha256,
      expiresAt: Number(token.claims['exp']) * 1_000,
    },
    trust.connection,
  );
  if (!subject.ok) return err(refuse('credential-invalid', { detail: subject.error }));
  return ok({ subject: subject.value, tenant: trust.tenant });
}
