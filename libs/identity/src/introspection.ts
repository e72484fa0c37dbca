import { err, ok, refuse, type JsonObject, type Refusal, type Result } from '@writ/domain';
import type { Verified } from './bearer.js';
import { BoundedMap } from './bounded-map.js';
import { audienceFailure, beginFailure, boundClaimsMatch, expiryFailure } from './checks.js';
import { textClaim } from './claim.js';
import type { Trust } from './directory.js';
import type { FetchDocument } from './document.js';
import { parseStrictJson } from './strict-json.js';
import { subjectOf } from './subject-of-claims.js';
import { isObject, sha256Hex } from './token.js';

export interface IntrospectionNeeds {
  readonly fetchDocument: FetchDocument;
  readonly nowMs: () => number;
  /** Opens the connection's sealed client secret for one call. */
  readonly clientSecret: (trust: Trust) => Promise<string | undefined>;
}

/** What the provider said, and until when it is believed. `claims` is undefined for "not active". */
interface Answer {
  readonly claims: JsonObject | undefined;
  readonly untilMs: number;
}

export interface Introspected {
  readonly claims: JsonObject;
  /** True when the provider is out and an earlier answer was taken, as this connection allows. */
  readonly stale: boolean;
}

const activeMs = 30_000;
const inactiveMs = 5_000;
const staleMostSeconds = 60;
const inFlightMost = 32;
const remembered = 20_000;

/**
 * RFC 7662, for tokens that only their issuer can read. An answer is believed for seconds, under the full hash of the token
 * and its connection; an outage is 503, unless the connection allows an older answer for up to a minute.
 */
export class Introspector {
  readonly #answers = new BoundedMap<Answer>(remembered);
  readonly #asking = new Map<string, Promise<Answer | undefined>>();
  readonly #inFlight = new Map<string, number>();

  constructor(private readonly needs: IntrospectionNeeds) {}

  async introspect(text: string, trust: Trust): Promise<Result<Introspected, Refusal>> {
    const name = `${sha256Hex(text)} ${trust.tenant} ${trust.connection.id}`;
    const known = this.#answers.get(name);
    const now = this.needs.nowMs();
    if (known && now < known.untilMs) return believed(known, false);
    const answer = await this.#askOnce(name, text, trust);
    if (answer) {
      this.#answers.set(name, answer);
      return believed(answer, false);
    }
    const staleMs = 1_000 * staleSeconds(trust);
    if (known?.claims && this.needs.nowMs() < known.untilMs + staleMs) return believed(known, true);
    return err(refuse('identity-unavailable', { detail: 'introspection_unavailable' }));
  }

  /** One question for one token at a time, and not more of one connection than its provider can bear. */
  async #askOnce(name: string, text: string, trust: Trust): Promise<Answer | undefined> {
    const asking = this.#asking.get(name);
    if (asking) return asking;
    const of = `${trust.tenant} ${trust.connection.id}`;
    const inFlight = this.#inFlight.get(of) ?? 0;
    if (inFlight >= inFlightMost) return undefined;
    this.#inFlight.set(of, inFlight + 1);
    const fresh = this.#ask(text, trust).finally(() => {
      this.#asking.delete(name);
      const left = (this.#inFlight.get(of) ?? 1) - 1;
      if (left > 0) this.#inFlight.set(of, left);
      else this.#inFlight.delete(of);
    });
    this.#asking.set(name, fresh);
    return fresh;
  }

  async #ask(token: string, trust: Trust): Promise<Answer | undefined> {
    const { introspectionUri, settings } = trust.connection;
    const id = settings['clientId'];
    const secret = await this.needs.clientSecret(trust);
    if (introspectionUri === undefined || id === undefined || secret === undefined) return undefined;
    const login = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
    const text = await this.needs.fetchDocument(introspectionUri, {
      method: 'POST',
      headers: { authorization: `Basic ${login}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    });
    const parsed = text === undefined ? undefined : parseStrictJson(text, { depth: 12, values: 4_096 });
    if (!parsed?.ok || !isObject(parsed.value) || typeof parsed.value['active'] !== 'boolean') return undefined;
    const now = this.needs.nowMs();
    if (!parsed.value['active']) return { claims: undefined, untilMs: now + inactiveMs };
    const expires = parsed.value['exp'];
    const endsMs = typeof expires === 'number' ? expires * 1_000 : Infinity;
    return { claims: withSubject(parsed.value, trust), untilMs: Math.min(now + activeMs, endsMs) };
  }
}

/** A token of an app itself may have no `sub`; RFC 9068 then takes the client. Never where a person could have that name. */
function withSubject(claims: JsonObject, { connection }: Trust): JsonObject {
  const client = claims['client_id'];
  if (claims['sub'] !== undefined || client === undefined || connection.subjectKind === 'human') return claims;
  return { ...claims, sub: client };
}

function believed({ claims }: Answer, stale: boolean): Result<Introspected, Refusal> {
  return claims ? ok({ claims, stale }) : err(refuse('credential-invalid', { detail: 'token_inactive' }));
}

function staleSeconds({ connection }: Trust): number {
  const seconds = Number(connection.settings['staleAllowSeconds'] ?? 0);
  return Number.isFinite(seconds) ? Math.max(0, Math.min(seconds, staleMostSeconds)) : 0;
}

/** The claims must be of this connection as strictly as those of a token would have to be. */
export function verifyIntrospected(
  text: string,
  { claims, stale }: Introspected,
  trust: Trust,
  nowMs: number,
): Result<Verified, Refusal> {
  const { connection, tenant } = trust;
  const code = claimsFailure(claims, trust, nowMs);
  if (code !== undefined)
    return err(refuse(code === 'token_expired' ? 'credential-expired' : 'credential-invalid', { detail: code }));
  const expires = claims['exp'];
  const subject = subjectOf(
    {
      claims,
      issuer: connection.issuer,
      method: 'introspection',
      credentialThumbprint: sha256Hex(text),
      expiresAt: typeof expires === 'number' ? expires * 1_000 : undefined,
    },
    connection,
  );
  if (!subject.ok) return err(refuse('credential-invalid', { detail: subject.error }));
  const attributes = stale ? { ...subject.value.attributes, introspection: 'stale' } : subject.value.attributes;
  return ok({ subject: { ...subject.value, attributes }, tenant });
}

function claimsFailure(claims: JsonObject, { connection }: Trust, nowMs: number): string | undefined {
  if (claims['iss'] !== undefined && claims['iss'] !== connection.issuer) return 'issuer_unknown';
  if (textClaim(claims, 'sub') === undefined) return 'token_subject';
  if (!boundClaimsMatch(claims, connection)) return 'bound_claim';
  // Providers may leave the audience out; then the client must be bound instead.
  const audience =
    claims['aud'] === undefined && connection.boundClaims['client_id'] !== undefined
      ? undefined
      : audienceFailure(claims, connection);
  if (audience !== undefined) return audience;
  if (claims['exp'] !== undefined) {
    const expiry = expiryFailure(claims, connection, nowMs);
    if (expiry !== undefined) return expiry;
  }
  return beginFailure(claims['nbf'], 'token_nbf', connection, nowMs);
}
