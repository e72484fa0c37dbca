import type { IdentityConnection, JsonObject, JsonValue } from '@writ/domain';
import { appOf, audiencesOf, claimOf, textClaim } from './claim.js';
import type { Token } from './token.js';
import { trustIsTooWide } from './workload.js';

/** One thing a token must satisfy under a connection. `identify` stops at the first failure; `explainToken` shows all. */
export interface Check {
  readonly label: string;
  /** What of the token was looked at, for the explain tree. */
  readonly seen: (token: Token, connection: IdentityConnection) => JsonValue | undefined;
  /** A stable code, or undefined when the check passes. */
  readonly failure: (token: Token, connection: IdentityConnection, nowMs: number) => string | undefined;
}

const types = new Set(['at+jwt', 'application/at+jwt', 'jwt', 'jose']);
const longestSkewSeconds = 60;
const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash'];
const subjectLength = 1_024;

export const checks: readonly Check[] = [
  {
    label: 'the algorithm is one that the connection pins',
    seen: ({ algorithm }) => algorithm,
    failure: ({ algorithm }, { algorithms }) => (algorithms.includes(algorithm) ? undefined : 'token_alg'),
  },
  {
    label: 'the type is an access token',
    seen: ({ header }) => header['typ'],
    failure: ({ header }) => {
      const type = header['typ'];
      return type === undefined || (typeof type === 'string' && types.has(type.toLowerCase()))
        ? undefined
        : 'token_typ';
    },
  },
  {
    label: 'it is not an ID token, unless the connection accepts them',
    seen: ({ claims }) => [...idTokenClaims.filter((name) => claims[name] !== undefined), claims['typ'] ?? ''],
    failure: (token, connection) => idTokenFailure(token, connection),
  },
  {
    label: 'the audience is ours',
    seen: ({ claims }) => claims['aud'],
    failure: ({ claims }, connection) => audienceFailure(claims, connection),
  },
  {
    label: 'the bound claims have exactly their values',
    seen: ({ claims }, { boundClaims }) =>
      Object.fromEntries(Object.keys(boundClaims).map((name) => [name, claimOf(claims, name) ?? null])),
    failure: ({ claims }, connection) => (boundClaimsMatch(claims, connection) ? undefined : 'bound_claim'),
  },
  {
    label: 'a workload is bound to one exact identity',
    seen: ({ claims }) => claims['sub'],
    failure: (_token, connection) => (trustIsTooWide(connection) ? 'trust_too_wide' : undefined),
  },
  {
    label: 'there is a subject',
    seen: ({ claims }) => claims['sub'],
    failure: ({ claims }) =>
      (textClaim(claims, 'sub')?.length ?? Infinity) > subjectLength ? 'token_subject' : undefined,
  },
  {
    label: 'it has not expired',
    seen: ({ claims }) => claims['exp'],
    failure: ({ claims }, connection, nowMs) => expiryFailure(claims, connection, nowMs),
  },
  {
    label: 'its time has come',
    seen: ({ claims }) => [claims['nbf'] ?? null, claims['iat'] ?? null],
    failure: ({ claims }, connection, nowMs) =>
      beginFailure(claims['nbf'], 'token_nbf', connection, nowMs) ??
      beginFailure(claims['iat'], 'token_iat', connection, nowMs),
  },
  {
    label: 'it does not live longer than the connection allows',
    seen: ({ claims }) => [claims['iat'] ?? null, claims['exp'] ?? null],
    failure: ({ claims }, connection, nowMs) => lifetimeFailure(claims, connection, nowMs),
  },
];

export function audienceMatches(claims: JsonObject, { audiences }: IdentityConnection): boolean {
  return audiencesOf(claims).some((audience) => audiences.includes(audience));
}

export function boundClaimsMatch(claims: JsonObject, { boundClaims }: IdentityConnection): boolean {
  return Object.entries(boundClaims).every(([name, value]) => claimOf(claims, name) === value);
}

/** RFC 9068: a token for several audiences is accepted only where the connection says so and binds the app it is for. */
export function audienceFailure(claims: JsonObject, connection: IdentityConnection): string | undefined {
  if (!audienceMatches(claims, connection)) return 'audience';
  if (audiencesOf(claims).every((audience) => connection.audiences.includes(audience))) return undefined;
  const app = appOf(claims);
  const { azp, client_id: client, appid } = connection.boundClaims;
  const isBound = app !== undefined && [azp, client, appid].includes(app);
  return connection.settings['multipleAudiences'] === 'true' && isBound ? undefined : 'audience_multiple';
}

function idTokenFailure({ claims, header }: Token, connection: IdentityConnection): string | undefined {
  const type = claims['typ'];
  if (type === 'Refresh' || type === 'Offline') return 'token_typ';
  if (connection.acceptIdTokens || header['typ'] === 'at+jwt') return undefined;
  return type === 'ID' || idTokenClaims.some((name) => claims[name] !== undefined) ? 'id_token' : undefined;
}

/** A whole number of seconds between 1970 and the year 9999; anything else is not a time to us. */
function secondsOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 253_402_300_800
    ? value
    : undefined;
}

function skewMs({ skewSeconds }: IdentityConnection): number {
  return Math.max(0, Math.min(skewSeconds, longestSkewSeconds)) * 1_000;
}

export function expiryFailure(claims: JsonObject, connection: IdentityConnection, nowMs: number): string | undefined {
  const expires = secondsOf(claims['exp']);
  if (expires === undefined) return 'token_exp';
  return nowMs < expires * 1_000 + skewMs(connection) ? undefined : 'token_expired';
}

export function beginFailure(
  value: JsonValue | undefined,
  code: string,
  connection: IdentityConnection,
  nowMs: number,
): string | undefined {
  if (value === undefined) return undefined;
  const begins = secondsOf(value);
  return begins !== undefined && begins * 1_000 <= nowMs + skewMs(connection) ? undefined : code;
}

/** From `iat` and from now: a token that does not say when it was issued cannot hide how long it lives. */
function lifetimeFailure(claims: JsonObject, connection: IdentityConnection, nowMs: number): string | undefined {
  const expires = secondsOf(claims['exp']);
  if (expires === undefined) return 'token_exp';
  const issued = secondsOf(claims['iat']) ?? Infinity;
  const livesSeconds = Math.max(expires - issued, (expires * 1_000 - nowMs - skewMs(connection)) / 1_000);
  return livesSeconds <= connection.maxLifetimeSeconds ? undefined : 'token_lifetime';
}
