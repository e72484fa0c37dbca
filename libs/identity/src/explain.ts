import type { IdentityConnection, JsonValue, Refusal, Result } from '@writ/domain';
import { checks } from './checks.js';
import type { VerificationKey } from './key-set.js';
import { mapRoles } from './subject-of-claims.js';
import type { Token } from './token.js';

/** One line of "why was this token accepted or refused?", for `testIdentityProvider`. */
export interface Explained {
  readonly label: string;
  readonly outcome: 'pass' | 'fail' | 'skipped';
  /** The stable code of a failure. */
  readonly code?: string;
  /** What the token said. */
  readonly seen?: JsonValue;
}

export interface TokenExplanation {
  readonly accepted: boolean;
  readonly checks: readonly Explained[];
  readonly roles: readonly string[];
  /** Indexes of the role mappings that matched. */
  readonly matchedMappings: readonly number[];
  /** Why no roles were mapped, when that is so; see `mapRoles`. */
  readonly rolesWithheld?: string;
}

/** Runs every check, also after one failed, so that an administrator mends everything at once. */
export async function explain(
  token: Token,
  connection: IdentityConnection,
  keyFor: () => Promise<Result<VerificationKey, Refusal>>,
  isGenuine: (key: VerificationKey) => Promise<boolean>,
  nowMs: number,
): Promise<TokenExplanation> {
  const issuer: Explained = explained('the issuer is the connection’s', token.claims['iss'], () =>
    (token.claims['iss'] ?? connection.issuer) === connection.issuer ? undefined : 'issuer_unknown',
  );
  const claims = checks.map(({ label, seen, failure }) =>
    explained(label, seen(token, connection), () => failure(token, connection, nowMs)),
  );
  const signature = await explainSignature(token, keyFor, isGenuine);
  const all = [issuer, ...claims, ...signature];
  const { roles, matched, withheld } = mapRoles(token.claims, connection);
  return {
    accepted: all.every(({ outcome }) => outcome === 'pass'),
    checks: all,
    roles,
    matchedMappings: matched,
    ...(withheld === undefined ? {} : { rolesWithheld: withheld }),
  };
}

async function explainSignature(
  token: Token,
  keyFor: () => Promise<Result<VerificationKey, Refusal>>,
  isGenuine: (key: VerificationKey) => Promise<boolean>,
): Promise<readonly Explained[]> {
  const key = await keyFor();
  const found = explained('the connection has exactly one key for it', token.keyId, () =>
    key.ok ? undefined : (key.error.detail ?? key.error.code),
  );
  const label = 'the signature is genuine';
  if (!key.ok) return [found, { label, outcome: 'skipped' }];
  const genuine = await isGenuine(key.value);
  return [found, explained(label, undefined, () => (genuine ? undefined : 'signature'))];
}

function explained(label: string, seen: JsonValue | undefined, failure: () => string | undefined): Explained {
  const code = failure();
  return {
    label,
    outcome: code === undefined ? 'pass' : 'fail',
    ...(code === undefined ? {} : { code }),
    ...(seen === undefined ? {} : { seen }),
  };
}
