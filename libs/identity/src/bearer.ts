import {
  err,
  ok,
  refuse,
  type IdentityConnection,
  type JsonObject,
  type Refusal,
  type Result,
  type Subject,
  type TenantId,
} from '@writ/domain';
import { checks } from './checks.js';
import { textClaim } from './claim.js';
import type { Directory, Trust } from './directory.js';
import type { KeyStore } from './key-store.js';
import { selectTrust } from './select-trust.js';
import type { SignatureMemory } from './signature.js';
import { subjectOf } from './subject-of-claims.js';
import type { Token } from './token.js';
import { issuerOfSpiffe } from './workload.js';

export interface Verified {
  readonly subject: Subject;
  readonly tenant: TenantId;
}

/** Of claims that were read once: what was chosen among these very trusts, which a publish replaces. */
const chosen = new WeakMap<JsonObject, { readonly trusts: readonly Trust[]; readonly trust: Result<Trust, string> }>();

/** Whom the token's issuer, or a SPIFFE subject's trust domain, belongs to. */
export async function trustOf(claims: JsonObject, directory: Directory): Promise<Result<Trust, string>> {
  const issuer = textClaim(claims, 'iss') ?? issuerOfSpiffe(textClaim(claims, 'sub'));
  if (issuer === undefined) return err('issuer_unknown');
  const trusts = await directory.find(issuer);
  const before = chosen.get(claims);
  if (before?.trusts === trusts) return before.trust;
  const trust = selectTrust(
    trusts.filter(({ connection }) => connection.issuer === issuer && connection.kind !== 'mtls'),
    claims,
  );
  chosen.set(claims, { trusts, trust });
  return trust;
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
  const found = keys.keyFor(token, trust);
  const key = found instanceof Promise ? await found : found;
  if (!key.ok) return key;
  if (!memory.knows(token, trust, key.value) && !(await memory.verify(token, trust, key.value)))
    return err(refuse('credential-invalid', { detail: 'signature' }));
  const subject = subjectOfToken(token, trust.connection);
  if (!subject.ok) return err(refuse('credential-invalid', { detail: subject.error }));
  return ok({ subject: subject.value, tenant: trust.tenant });
}

/** The same token under the same connection gives the same subject: one object, so that what depends on it is made once. */
const subjects = new WeakMap<
  Token,
  { readonly connection: IdentityConnection; readonly subject: Result<Subject, string> }
>();

function subjectOfToken(token: Token, connection: IdentityConnection): Result<Subject, string> {
  const before = subjects.get(token);
  if (before?.connection === connection) return before.subject;
  const { claims, sha256 } = token;
  const expiresAt = Number(claims['exp']) * 1_000;
  const vouched = {
    claims,
    issuer: connection.issuer,
    method: 'jwt',
    credentialThumbprint: sha256,
    expiresAt,
  } as const;
  const subject = subjectOf(vouched, connection);
  subjects.set(token, { connection, subject });
  return subject;
}
