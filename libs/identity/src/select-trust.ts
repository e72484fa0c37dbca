import { err, ok, type IdentityConnection, type JsonObject, type Result } from '@writ/domain';
import { audienceMatches, boundClaimsMatch } from './checks.js';
import type { Trust } from './directory.js';

/**
 * Which tenant's trust is this credential for? Issuer, audience and bound claims together choose it; where two would do,
 * neither does. The claims are not verified yet: whoever is chosen, only its keys can confirm them.
 */
export function selectTrust(trusts: readonly Trust[], claims: JsonObject): Result<Trust, string> {
  if (trusts.length === 0) return err('issuer_unknown');
  const forUs = trusts.filter(({ connection }) => audienceMatches(claims, connection));
  if (forUs.length === 0) return err('audience');
  const bound = forUs.filter(({ connection }) => boundClaimsMatch(claims, connection));
  if (bound.length > 1) return err('connection_ambiguous');
  return bound[0] === undefined ? err('bound_claim') : ok(bound[0]);
}

/**
 * True when some token could belong to both: the same issuer, an audience in common, and no claim that both bind to different
 * values. The API refuses to publish such a pair for two tenants, since neither would ever be chosen for that token.
 */
export function trustsOverlap(one: IdentityConnection, other: IdentityConnection): boolean {
  if (one.issuer !== other.issuer) return false;
  const isTold = Object.entries(one.boundClaims).some(
    ([claim, value]) => (other.boundClaims[claim] ?? value) !== value,
  );
  const byAuthority = one.kind === 'mtls' || other.kind === 'mtls';
  return !isTold && (byAuthority || one.audiences.some((audience) => other.audiences.includes(audience)));
}
