import type { LimitRule, Subject, TenantId } from '@writ/domain';
import { applicable } from './applicable.js';
import type { RedisConnection } from './connection.js';
import { keyOf } from './key.js';
import { LocalCounters } from './local-counters.js';
import { reserveScript, settleScript } from './scripts.js';
import type { RateCheck } from './rate-check.js';

export type RateAnswer =
  | {
      readonly admitted: true;
      readonly mode: 'shared' | 'degraded';
      readonly used: readonly number[];
      /** Of the counters that were only looked at; empty while Redis is out. */
      readonly seen: readonly number[];
    }
  | {
      readonly admitted: false;
      readonly mode: 'shared' | 'degraded';
      readonly check: RateCheck;
      readonly waitMs: number;
    };

/** How long a slot is held when nobody settles it: longer than any request may take. */
export const slotLeaseMs = 15 * 60_000;

export function rateChecks(
  tenant: TenantId,
  rules: readonly LimitRule[],
  subject: Subject,
  tokens: number,
): readonly RateCheck[] {
  return countersOf(tenant, rules, subject).map(({ rule, what, key, limit }) => ({
    rule,
    what,
    key,
    limit,
    cost: what === 'tokens' ? tokens : 1,
  }));
}

type Counter = Omit<RateCheck, 'cost'>;

/** A verified subject and the rules of a snapshot are the same objects until one of them changes, and so are the counters. */
const counted = new WeakMap<
  Subject,
  { readonly tenant: TenantId; readonly rules: readonly LimitRule[]; readonly counters: readonly Counter[] }
>();

function countersOf(tenant: TenantId, rules: readonly LimitRule[], subject: Subject): readonly Counter[] {
  const known = counted.get(subject);
  if (known?.tenant === tenant && known.rules === rules) return known.counters;
  const counters = applicable(rules, subject).flatMap(({ rule, holder }) => {
    const counter = (what: RateCheck['what'], limit: number | undefined): readonly Counter[] =>
      limit === undefined ? [] : [{ rule, what, key: keyOf(tenant, what, rule.id, rule.scope, holder), limit }];
    return [
      ...counter('requests', rule.requestsPerMinute),
      ...counter('tokens', rule.tokensPerMinute),
      ...counter('concurrency', rule.concurrency),
    ];
  });
  counted.set(subject, { tenant, rules, counters });
  return counters;
}

/**
 * Rates and concurrency, in Redis while it answers, and otherwise by this process's share of each limit. The process counts
 * for itself all the time, so that an outage does not begin with a fresh allowance.
 */
export class Rates {
  readonly #local: LocalCounters;

  constructor(
    private readonly redis: RedisConnection,
    private readonly instances: number,
    nowMs: () => number,
  ) {
    this.#local = new LocalCounters(nowMs);
  }

  /** `looked` are windows that are looked at in the same round trip, and not counted. */
  async reserve(id: string, checks: readonly RateCheck[], looked: readonly string[] = []): Promise<RateAnswer> {
    if (checks.length + looked.length === 0) return { admitted: true, mode: 'shared', used: [], seen: [] };
    const reply = await this.redis.run(
      reserveScript,
      [...checks.map(({ key }) => key), ...looked],
      [
        id,
        slotLeaseMs,
        ...checks.flatMap((check) => [kindOf(check), check.limit, check.cost]),
        ...looked.flatMap(() => ['p', 0, 0]),
      ],
    );
    if (!reply.ok) {
      const answer = this.#reserveLocally(id, checks);
      if (!answer.admitted) void this.#correct(id, slotsOf(checks));
      return answer;
    }
    const [refused, waitMs, ...used] = numbers(reply.value);
    const check = refused === undefined || refused === 0 ? undefined : checks[refused - 1];
    if (check) return { admitted: false, mode: 'shared', check, waitMs: waitMs ?? 0 };
    if (refused !== 0 || used.length !== checks.length + looked.length) return this.#reserveLocally(id, checks);
    this.#local.add(id, checks);
    return { admitted: true, mode: 'shared', used: used.slice(0, checks.length), seen: used.slice(checks.length) };
  }

  /** `tokens` is what was really used; undefined gives back all that was reserved. */
  async settle(
    id: string,
    checks: readonly RateCheck[],
    mode: 'shared' | 'degraded',
    tokens: number | undefined,
  ): Promise<void> {
    const corrections = checks.map((check) => (check.what === 'tokens' ? (tokens ?? 0) - check.cost : 0));
    this.#local.settle(id, checks, corrections);
    const corrected = checks.map((check, index) => ({ check, correction: corrections[index] ?? 0 }));
    // What was reserved while Redis was out is not in its windows.
    const counted = mode === 'shared' ? corrected.filter(({ check }) => check.what === 'tokens') : [];
    await this.#correct(id, [...slotsOf(checks), ...counted]);
  }

  async #correct(id: string, corrections: readonly Correction[]): Promise<void> {
    if (corrections.length === 0) return;
    await this.redis.run(
      settleScript,
      corrections.map(({ check }) => check.key),
      [id, ...corrections.flatMap(({ check, correction }) => [kindOf(check), correction])],
    );
  }

  #reserveLocally(id: string, checks: readonly RateCheck[]): RateAnswer {
    const shares = checks.map(({ limit }) => Math.floor(limit / this.instances));
    const refused = this.#local.firstOver(checks, shares);
    if (refused) return { admitted: false, mode: 'degraded', check: refused.check, waitMs: refused.waitMs };
    const used = this.#local.used(checks);
    this.#local.add(id, checks);
    return { admitted: true, mode: 'degraded', used, seen: [] };
  }
}

interface Correction {
  readonly check: RateCheck;
  readonly correction: number;
}

/** A late answer may have been a yes: slots are given back in any case, by id, which is harmless when there is none. */
function slotsOf(checks: readonly RateCheck[]): readonly Correction[] {
  return checks.filter(({ what }) => what === 'concurrency').map((check) => ({ check, correction: 0 }));
}

function kindOf({ what }: RateCheck): 's' | 'w' {
  return what === 'concurrency' ? 's' : 'w';
}

function numbers(reply: unknown): readonly number[] {
  return Array.isArray(reply) && reply.every((one) => typeof one === 'number') ? reply : [];
}
