import { limits, unreachable, type EndpointKey } from '@writ/domain';
import type { AuthorizedEndpoint } from './authorized-endpoint.js';
import type { FaultClass, ProviderFault } from './fault.js';
import type { Health } from './health.js';
import type { Candidate } from './candidate.js';
import type { Quota } from './quota.js';
import { taxonomy } from './taxonomy.js';

export interface Attempt {
  readonly number: number;
  readonly endpoint: AuthorizedEndpoint;
  readonly model: string;
  readonly key: EndpointKey | undefined;
  /** primary, fallback:<fault class>, fallback:health, key-rotation, retry */
  readonly reason: string;
  /** Wait this long before the attempt: full jitter, so that retries of many callers do not arrive together. */
  readonly delayMs?: number;
}

/** The attempts of one request, in order, each inside the permit's set. */
export interface Route {
  next(previous: ProviderFault | undefined, nowMs: number): Attempt | undefined;
}

const firstDelayMs = 250;

/** Walks the candidates by the fault taxonomy: one table, for every provider. */
export class CandidateRoute implements Route {
  #index = -1;
  #attempts = 0;
  #key: EndpointKey | undefined;
  #triedKeys = new Set<string | undefined>();
  #retried = false;
  #prepared: Attempt | undefined;

  constructor(
    private readonly candidates: readonly Candidate[],
    private readonly health: Health,
    private readonly quota: Quota,
    private readonly random: () => number,
  ) {}

  /** Finds the first attempt without making it; false when every pair of endpoint and key rests. */
  prepare(nowMs: number): boolean {
    this.#prepared = this.#advance(undefined, nowMs);
    return this.#prepared !== undefined;
  }

  next(previous: ProviderFault | undefined, nowMs: number): Attempt | undefined {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared) return prepared;
    if (!previous || this.#attempts === 0 || this.#attempts >= limits.attempts) return undefined;
    const { next } = taxonomy[previous.class];
    switch (next) {
      case 'rotate':
        return this.#rotate(nowMs) ?? this.#advance(previous.class, nowMs);
      case 'retry':
        return this.#retry(nowMs) ?? this.#advance(previous.class, nowMs);
      case 'endpoint':
        return this.#advance(previous.class, nowMs);
      case 'longer':
        return this.#advance(previous.class, nowMs, this.#longerThanCurrent());
      case 'stop':
        return undefined;
      default:
        return unreachable(next);
    }
  }

  /** The next candidate with a usable key. A candidate that was left is never returned to. */
  #advance(
    cause: FaultClass | undefined,
    nowMs: number,
    fits: (candidate: Candidate) => boolean = () => true,
  ): Attempt | undefined {
    for (let index = this.#index + 1; index < this.candidates.length; index += 1) {
      const candidate = this.candidates[index]!;
      if (!fits(candidate)) continue;
      const key = this.#usableKey(candidate, nowMs, new Set());
      if (!key) continue;
      this.#index = index;
      this.#triedKeys = new Set();
      this.#retried = false;
      return this.#attempt(
        candidate,
        key.key,
        cause ? `fallback:${cause}` : index === 0 ? 'primary' : 'fallback:health',
      );
    }
    return undefined;
  }

  #rotate(nowMs: number): Attempt | undefined {
    const candidate = this.candidates[this.#index]!;
    const key = this.#usableKey(candidate, nowMs, this.#triedKeys);
    return key && this.#attempt(candidate, key.key, 'key-rotation');
  }

  #retry(nowMs: number): Attempt | undefined {
    const candidate = this.candidates[this.#index]!;
    if (this.#retried || !this.#isUsable(candidate, this.#key, nowMs)) return undefined;
    if (!this.health.takeRetry(nowMs)) return undefined;
    this.#retried = true;
    return this.#attempt(candidate, this.#key, 'retry', Math.floor(this.random() * firstDelayMs));
  }

  #longerThanCurrent(): (candidate: Candidate) => boolean {
    const length = this.candidates[this.#index]!.contextLength;
    return (candidate) => length !== undefined && (candidate.contextLength ?? 0) > length;
  }

  /** Starts at a random key, so that a pool shares the load. An endpoint without keys has one: none. */
  #usableKey(
    candidate: Candidate,
    nowMs: number,
    tried: ReadonlySet<string | undefined>,
  ): { readonly key: EndpointKey | undefined } | undefined {
    const { endpoint } = candidate;
    const pool: readonly (EndpointKey | undefined)[] = endpoint.keys.length > 0 ? endpoint.keys : [undefined];
    const start = Math.floor(this.random() * pool.length);
    for (let step = 0; step < pool.length; step += 1) {
      const key = pool[(start + step) % pool.length];
      if (!tried.has(key?.id) && this.#isUsable(candidate, key, nowMs)) return { key };
    }
    return undefined;
  }

  /** Well, and with room in its quota, of which this attempt then has its part. */
  #isUsable({ endpoint }: Candidate, key: EndpointKey | undefined, nowMs: number): boolean {
    if (!this.health.usable(endpoint.id, key?.id, nowMs)) return false;
    const shared = this.quota.takeKey?.(endpoint.id, key?.id);
    // Counted here in any case, so that an outage of the shared counters does not begin with a fresh allowance.
    const share = this.health.takeQuota?.(endpoint.id, key?.id, this.quota, nowMs) ?? true;
    return shared ?? share;
  }

  #attempt({ endpoint, model }: Candidate, key: EndpointKey | undefined, reason: string, delayMs?: number): Attempt {
    this.#attempts += 1;
    this.#key = key;
    this.#triedKeys.add(key?.id);
    return { number: this.#attempts, endpoint, model, key, reason, ...(delayMs === undefined ? {} : { delayMs }) };
  }
}
