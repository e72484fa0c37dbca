import { err, limits, ok, refuse, type Refusal, type Result } from '@writ/domain';
import { BoundedMap } from './bounded-map.js';
import type { Trust } from './directory.js';
import type { FetchDocument } from './document.js';
import { parseKeySet, type KeySet, type VerificationKey } from './key-set.js';
import { parseStrictJson } from './strict-json.js';
import { isObject, type Token } from './token.js';

/** What the operators see of one connection's keys. */
export interface KeySetStatus {
  readonly tenant: string;
  readonly connection: string;
  readonly keys: number;
  readonly fetchedAtMs: number | undefined;
  readonly failing: boolean;
}

interface Held {
  readonly trust: Trust;
  readonly source: string;
  set: KeySet | undefined;
  triedAtMs: number;
  failing: boolean;
  fetching: Promise<void> | undefined;
}

const freshMs = 10 * 60_000;

/**
 * The keys of every connection. One fetch per connection and cooldown at most, whatever callers send; the last good set
 * serves until it is a day old, so an identity provider's outage is not ours.
 */
export class KeyStore {
  readonly #held = new BoundedMap<Held>(limits.snapshotsHeld);

  constructor(
    private readonly fetchDocument: FetchDocument,
    private readonly nowMs: () => number,
  ) {}

  /** The key that must have signed this token. Refuses with 503, never 401, where only an outage keeps us from knowing. */
  keyFor(token: Token, trust: Trust): Result<VerificationKey, Refusal> | Promise<Result<VerificationKey, Refusal>> {
    const held = this.#heldFor(trust);
    const usable = this.#makeUsable(held);
    return (usable ? undefined : this.#keyAtHand(held, token)) ?? this.#find(held, token, usable);
  }

  /** The key that is here, imported and young enough; undefined where anything must be asked or refused. */
  #keyAtHand({ set }: Held, { keyId, algorithm }: Token): Result<VerificationKey, Refusal> | undefined {
    const found = set?.find(keyId, algorithm);
    if (!set || found === undefined || typeof found === 'string' || this.#isTooOld(set)) return undefined;
    const key = set.imported(found, algorithm);
    return key instanceof Promise ? undefined : ok(key);
  }

  async #find(held: Held, token: Token, usable: Promise<void> | undefined): Promise<Result<VerificationKey, Refusal>> {
    await usable;
    let found = held.set?.find(token.keyId, token.algorithm);
    if (found === 'none' && this.#mayFetch(held)) {
      await this.#fetch(held);
      found = held.set?.find(token.keyId, token.algorithm);
    }
    if (!held.set || found === undefined || this.#isTooOld(held.set)) return unavailable();
    if (found === 'ambiguous') return err(refuse('credential-invalid', { detail: 'key_ambiguous' }));
    if (found === 'none')
      return held.failing ? unavailable() : err(refuse('credential-invalid', { detail: 'key_unknown' }));
    return ok(await held.set.imported(found, token.algorithm));
  }

  status(): readonly KeySetStatus[] {
    return [...this.#held.values()].map(({ trust, set, failing }) => ({
      tenant: trust.tenant,
      connection: trust.connection.id,
      keys: set?.size ?? 0,
      fetchedAtMs: set?.fetchedAtMs,
      failing,
    }));
  }

  #heldFor(trust: Trust): Held {
    const { tenant, connection } = trust;
    const name = `${tenant}/${connection.id}`;
    const last = this.#held.get(name);
    if (last?.trust.connection === connection) return last;
    const source = JSON.stringify([connection.issuer, connection.jwksUri, connection.settings['jwks']]);
    if (last?.source === source) return last;
    const never = Number.NEGATIVE_INFINITY;
    const fresh: Held = { trust, source, set: undefined, triedAtMs: never, failing: false, fetching: undefined };
    this.#held.set(name, fresh);
    return fresh;
  }

  /** Waits for a fetch only where there is no set that may be used; an ageing one is renewed in the background. */
  #makeUsable(held: Held): Promise<void> | undefined {
    const { set } = held;
    if (set && this.nowMs() - set.fetchedAtMs <= freshMs) return undefined;
    const waits = !set || this.#isTooOld(set);
    const fetching = held.fetching ?? (this.#mayFetch(held) ? this.#fetch(held) : undefined);
    return waits ? fetching : undefined;
  }

  #isTooOld(set: KeySet): boolean {
    return this.nowMs() - set.fetchedAtMs > limits.jwksMaxAgeMs;
  }

  #mayFetch(held: Held): boolean {
    return held.fetching !== undefined || this.nowMs() - held.triedAtMs >= limits.jwksCooldownMs;
  }

  #fetch(held: Held): Promise<void> {
    held.fetching ??= this.#fetchOnce(held).finally(() => {
      held.fetching = undefined;
    });
    return held.fetching;
  }

  async #fetchOnce(held: Held): Promise<void> {
    held.triedAtMs = this.nowMs();
    const set = await this.#load(held.trust);
    held.failing = set === undefined;
    if (set) held.set = set;
  }

  /** Never rejects: whatever goes wrong is a set that could not be had. */
  async #load({ connection }: Trust): Promise<KeySet | undefined> {
    try {
      const uploaded = connection.settings['jwks'];
      if (uploaded !== undefined) return parseKeySet(uploaded, this.nowMs());
      const uri = connection.jwksUri ?? (await this.#discover(connection.issuer));
      const text = uri === undefined ? undefined : await this.fetchDocument(uri);
      return text === undefined ? undefined : parseKeySet(text, this.nowMs());
    } catch {
      return undefined;
    }
  }

  /** OpenID Connect Discovery 1.0, section 4: the document must name exactly the issuer it was fetched for. */
  async #discover(issuer: string): Promise<string | undefined> {
    const text = await this.fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const parsed = text === undefined ? undefined : parseStrictJson(text, { depth: 8, values: 4_096 });
    if (!parsed?.ok || !isObject(parsed.value) || parsed.value['issuer'] !== issuer) return undefined;
    const uri = parsed.value['jwks_uri'];
    return typeof uri === 'string' ? uri : undefined;
  }
}

function unavailable(): Result<never, Refusal> {
  return err(refuse('identity-unavailable', { detail: 'jwks_unavailable' }));
}
