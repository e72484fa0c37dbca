import { randomUUID } from 'node:crypto';
import type { Ask, LimitRule, Snapshot, TenantId } from '@writ/domain';
import type { RedisConnection } from './connection.js';
import { keyOf } from './key.js';
import { reserveScript } from './scripts.js';

/** One counter of a provider's own quota for one key, as it stood when the request was reserved. */
export interface KeyCounter {
  readonly endpoint: string;
  readonly key: string | undefined;
  readonly what: 'requests' | 'tokens';
  readonly name: string;
  readonly limit: number;
}

/** What was seen of the counters in the one round trip of the reservation. */
export interface KeyUse {
  readonly counters: readonly KeyCounter[];
  /** Used by all processes, by counter; empty while Redis is out. */
  readonly used: readonly number[];
  /** What this process had taken of each until then: the rest of `used` is what the others took. */
  readonly ownBefore: readonly number[];
}

/** More would make the script long; a tenant with more keys than this counts the rest by each process's share. */
const countersAtMost = 256;

/** The counters that a request could touch: every key of every candidate, for every rule that names it. */
export function keyCounters(tenant: TenantId, ask: Ask, snapshot: Snapshot): readonly KeyCounter[] {
  const rules = snapshot.limits.filter(({ scope }) => scope === 'endpoint-key');
  if (rules.length === 0) return [];
  const alias = snapshot.aliases.find(({ name }) => name === ask.model);
  const reached = snapshot.endpoints.filter(({ id, models }) =>
    alias ? alias.candidates.some(({ endpoint }) => endpoint === id) : models.includes(ask.model),
  );
  const pairs = reached.flatMap(({ id, keys }) =>
    (keys.length > 0 ? keys.map((key) => key.id) : [undefined]).map((key) => ({ endpoint: id, key })),
  );
  const counters = pairs.flatMap((pair) => rules.flatMap((rule) => countersOf(tenant, rule, pair)));
  return counters.slice(0, countersAtMost);
}

function countersOf(
  tenant: TenantId,
  rule: LimitRule,
  { endpoint, key }: { readonly endpoint: string; readonly key: string | undefined },
): readonly KeyCounter[] {
  if (rule.match !== undefined && rule.match !== key) return [];
  const counter = (what: KeyCounter['what'], limit: number | undefined): readonly KeyCounter[] =>
    limit === undefined
      ? []
      : [{ endpoint, key, what, limit, name: keyOf(tenant, `key-${what}`, rule.id, endpoint, key ?? '') }];
  return [...counter('requests', rule.requestsPerMinute), ...counter('tokens', rule.tokensPerMinute)];
}

/**
 * Counts what this process takes of providers' quotas. It is told to Redis without waiting, on the connection that the next
 * reservation asks on, so within one process nothing is counted late; another process may be a round trip behind.
 */
export class KeyQuotas {
  readonly #own = new Map<string, number>();

  constructor(private readonly redis: RedisConnection) {}

  ownOf(counters: readonly KeyCounter[]): readonly number[] {
    return counters.map(({ name }) => this.#own.get(name) ?? 0);
  }

  /** All or nothing; undefined when nobody knows what the others took, and each process must keep to its share. */
  take(use: KeyUse, endpoint: string, key: string | undefined, tokens: number): boolean | undefined {
    if (use.counters.length === 0 || use.used.length !== use.counters.length) return undefined;
    const mine = use.counters.flatMap((counter, index) => {
      if (counter.endpoint !== endpoint || counter.key !== key) return [];
      const since = (this.#own.get(counter.name) ?? 0) - (use.ownBefore[index] ?? 0);
      const cost = counter.what === 'requests' ? 1 : tokens;
      return [{ counter, cost, total: (use.used[index] ?? 0) + since + cost }];
    });
    if (mine.some(({ counter, total }) => total > counter.limit)) return false;
    for (const { counter, cost } of mine) this.#count(counter.name, cost);
    if (mine.length > 0)
      void this.redis.run(
        reserveScript,
        mine.map(({ counter }) => counter.name),
        [randomUUID(), 1, ...mine.flatMap(({ cost }) => ['w', Number.MAX_SAFE_INTEGER, cost])],
      );
    return true;
  }

  /** Sums, not windows: only differences of them are used. The one touched longest ago is forgotten when there are too many. */
  #count(name: string, cost: number): void {
    const sum = (this.#own.get(name) ?? 0) + cost;
    this.#own.delete(name);
    this.#own.set(name, sum);
    if (this.#own.size > remembered) this.#own.delete(this.#own.keys().next().value!);
  }
}

const remembered = 100_000;
