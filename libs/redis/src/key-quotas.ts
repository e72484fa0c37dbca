import type { Ask, LimitRule, Snapshot, TenantId } from '@writ/domain';
import { nameOf } from './key.js';
import type { RoundTrips } from './round-trips.js';

/** What one rule counts of a provider's own quota for one key. */
export interface KeyCounter {
  readonly endpoint: string;
  readonly key: string | undefined;
  readonly name: string;
  readonly requests: number | undefined;
  readonly tokens: number | undefined;
}

interface Sum {
  readonly requests: number;
  readonly tokens: number;
}

/** What was seen of the counters in the one round trip of the reservation. */
export interface KeyUse {
  readonly counters: readonly KeyCounter[];
  /** Requests and tokens used by all processes, of each counter in turn; undefined while Redis is out. */
  readonly used: readonly number[] | undefined;
  /** What this process had taken of each until then: the rest of `used` is what the others took. */
  readonly ownBefore: readonly Sum[];
}

/** More would make the script long; a tenant with more keys than this counts the rest by each process's share. */
const countersAtMost = 256;
const modelsRemembered = 1_000;
/** By snapshot, then by model: names are hashed once and not for each request. */
const known = new WeakMap<Snapshot, Map<string, readonly KeyCounter[]>>();

/** The counters that a request could touch: every key of every candidate, for every rule that names it. */
export function keyCounters({ model }: Ask, snapshot: Snapshot): readonly KeyCounter[] {
  let ofSnapshot = known.get(snapshot);
  if (!ofSnapshot) {
    ofSnapshot = new Map<string, readonly KeyCounter[]>();
    known.set(snapshot, ofSnapshot);
  }
  const found = ofSnapshot.get(model);
  if (found) return found;
  if (ofSnapshot.size >= modelsRemembered) ofSnapshot.clear();
  const made = countersOfKeys(model, snapshot);
  ofSnapshot.set(model, made);
  return made;
}

function countersOfKeys(model: string, snapshot: Snapshot): readonly KeyCounter[] {
  const rules = snapshot.limits.filter(({ scope }) => scope === 'endpoint-key');
  if (rules.length === 0) return [];
  const alias = snapshot.aliases.find(({ name }) => name === model);
  const reached = snapshot.endpoints.filter(({ id, models }) =>
    alias ? alias.candidates.some(({ endpoint }) => endpoint === id) : models.includes(model),
  );
  const pairs = reached.flatMap(({ id, keys }) =>
    (keys.length > 0 ? keys.map((key) => key.id) : [undefined]).map((key) => ({ endpoint: id, key })),
  );
  return pairs.flatMap((pair) => rules.flatMap((rule) => counterOf(rule, pair))).slice(0, countersAtMost);
}

function counterOf(
  { id, match, requestsPerMinute: requests, tokensPerMinute: tokens }: LimitRule,
  { endpoint, key }: { readonly endpoint: string; readonly key: string | undefined },
): readonly KeyCounter[] {
  if ((match !== undefined && match !== key) || (requests === undefined && tokens === undefined)) return [];
  return [{ endpoint, key, requests, tokens, name: nameOf('endpoint-key', id, endpoint, key ?? '') }];
}

/** What was taken for one call, to be corrected when it is known what it used. */
export interface Taken {
  readonly names: readonly string[];
  readonly tokens: number;
}

/**
 * Counts what this process takes of providers' quotas. It is told to Redis without waiting, before the next question that this
 * process asks, so within one process nothing is counted late; another process may be a few ms behind.
 */
export class KeyQuotas {
  readonly #own = new Map<string, Sum>();

  constructor(private readonly trips: RoundTrips) {}

  ownOf(tenant: TenantId, counters: readonly KeyCounter[]): readonly Sum[] {
    return counters.map(({ name }) => this.#own.get(`${tenant} ${name}`) ?? nothing);
  }

  /**
   * All or nothing: `full` when there is no room; undefined when no rule counts the key, or when nobody knows what the others
   * took, and each process must keep to its share.
   */
  take(
    tenant: TenantId,
    { counters, used, ownBefore }: KeyUse,
    call: { readonly endpoint: string; readonly key: string | undefined; readonly tokens: number },
  ): Taken | 'full' | undefined {
    if (counters.length === 0 || !used) return undefined;
    const names: string[] = [];
    for (const [index, counter] of counters.entries()) {
      if (counter.endpoint !== call.endpoint || counter.key !== call.key) continue;
      const own = this.#own.get(`${tenant} ${counter.name}`) ?? nothing;
      const before = ownBefore[index] ?? nothing;
      const requests = (used[2 * index] ?? 0) + own.requests - before.requests + 1;
      const tokens = (used[2 * index + 1] ?? 0) + own.tokens - before.tokens + call.tokens;
      if (requests > (counter.requests ?? Infinity) || tokens > (counter.tokens ?? Infinity)) return 'full';
      names.push(counter.name);
    }
    if (names.length > 0) this.#add(tenant, names, 1, call.tokens);
    return { names, tokens: call.tokens };
  }

  /** What the provider counted takes the place of the worst case. */
  settle(tenant: TenantId, { names, tokens }: Taken, usedTokens: number): void {
    if (names.length > 0 && usedTokens !== tokens) this.#add(tenant, names, 0, usedTokens - tokens);
  }

  /** Sums, not windows: only differences of them are used. The one touched longest ago is forgotten when there are too many. */
  #add(tenant: TenantId, names: readonly string[], requests: number, tokens: number): void {
    for (const name of names) {
      const key = `${tenant} ${name}`;
      const sum = this.#own.get(key) ?? nothing;
      this.#own.delete(key);
      this.#own.set(key, { requests: sum.requests + requests, tokens: sum.tokens + tokens });
      if (this.#own.size > remembered) this.#own.delete(this.#own.keys().next().value!);
    }
    this.trips.tell(tenant, `["a",${requests},${tokens},${names.map((name) => `"${name}"`).join(',')}]`);
  }
}

const nothing: Sum = { requests: 0, tokens: 0 };
const remembered = 100_000;
