import type { ProviderFault } from './fault.js';
import { KeyQuotas, type Quota } from './quota.js';
import { taxonomy } from './taxonomy.js';

/** What the process knows of its endpoints and keys; shared through Redis where it can be. */
export interface Health {
  /** False while the (endpoint, key) cools down, is quarantined, or its breaker is open. */
  usable(endpoint: string, key: string | undefined, nowMs: number): boolean;
  /** Exponentially weighted mean of time to first byte, ms; undefined when never measured. */
  latencyMs(endpoint: string): number | undefined;
  report(
    endpoint: string,
    key: string | undefined,
    fault: ProviderFault | undefined,
    milliseconds: number,
    nowMs: number,
  ): void;
  /** One retry out of the budget (at most a tenth of the traffic); false when spent. */
  takeRetry(nowMs: number): boolean;
  /** Takes one request out of the key's own quota, where the tenant's limits state one; false when it does not fit. */
  takeQuota?(endpoint: string, key: string | undefined, quota: Quota, nowMs: number): boolean;
}

/** That one (endpoint, key) may not be used until `untilMs`, and why: what processes tell each other. */
export interface Rest {
  readonly endpoint: string;
  readonly key: string | undefined;
  readonly why: 'cooldown' | 'quarantine' | 'breaker';
  readonly untilMs: number;
}

export interface LocalHealth extends Health {
  /** Takes over what another process learned; never shortens a rest. */
  rest(rest: Rest): void;
  /** Everything that rests now, for the operators' view. */
  resting(nowMs: number): readonly Rest[];
}

export interface HealthSettings {
  /** Called once for each rest that begins: a quarantine is an alarm, and every rest is worth telling other processes. */
  readonly began: (rest: Rest) => void;
  /** Called for each answer that the model does not exist at the endpoint: the tenant's administrators must look. */
  readonly missing: (endpoint: string) => void;
  /** Processes that use the same keys: each takes its part of a key's quota. */
  readonly instances: number;
  /** (endpoint, key) pairs remembered; the one reported longest ago is forgotten first. */
  readonly remembered: number;
}

const firstCooldownMs = 1_000;
const longestCooldownMs = 60_000;
/** A provider that asks for more than this is treated as asking for this: a wrong header must not retire a key. */
const longestRetryAfterMs = 15 * 60_000;
const quarantineMs = 10 * 60_000;
const failuresThatOpen = 5;
const firstOpenMs = 5_000;
const longestOpenMs = 60_000;
/** After a rest, one request probes; the next one may when the first reported, or after this long without a report. */
const probeMs = 1_000;
const latencyShare = 0.2;
/** Of 100 requests 9 may be retried, so that retries stay under a tenth when they are counted as traffic themselves. */
const retryPerRequest = 0.09;
const retriesAtStart = 3;
const retriesSaved = 100;

interface Pair {
  readonly endpoint: string;
  readonly key: string | undefined;
  why: Rest['why'];
  untilMs: number;
  /** True from the begin of a rest until an answer proves that the pair is well. */
  ailing: boolean;
  probedAtMs: number;
  throttles: number;
  failures: number;
  openings: number;
}

/** Health of one process: plain state, told the time by its callers. */
export function localHealth(settings: Partial<HealthSettings> = {}): LocalHealth {
  return new ProcessHealth({
    began: () => undefined,
    missing: () => undefined,
    instances: 1,
    remembered: 50_000,
    ...settings,
  });
}

class ProcessHealth implements LocalHealth {
  readonly #pairs = new Map<string, Pair>();
  readonly #latencies = new Map<string, number>();
  #retries = retriesAtStart;

  readonly #quotas: KeyQuotas;

  constructor(private readonly settings: HealthSettings) {
    this.#quotas = new KeyQuotas(settings.instances, settings.remembered);
  }

  usable(endpoint: string, key: string | undefined, nowMs: number): boolean {
    const pair = this.#pairs.get(nameOf(endpoint, key));
    if (!pair?.ailing) return true;
    if (nowMs < pair.untilMs || nowMs - pair.probedAtMs < probeMs) return false;
    pair.probedAtMs = nowMs;
    return true;
  }

  latencyMs(endpoint: string): number | undefined {
    return this.#latencies.get(endpoint);
  }

  report(
    endpoint: string,
    key: string | undefined,
    fault: ProviderFault | undefined,
    milliseconds: number,
    nowMs: number,
  ): void {
    this.#retries = Math.min(retriesSaved, this.#retries + retryPerRequest);
    const pair = this.#pair(endpoint, key);
    pair.probedAtMs = Number.NEGATIVE_INFINITY;
    if (fault === undefined) {
      this.#measured(endpoint, milliseconds);
      return recovered(pair, nowMs);
    }
    switch (taxonomy[fault.class].key) {
      case 'cooldown':
        return this.#begin(pair, 'cooldown', nowMs + cooldownMs(fault, pair.throttles++));
      case 'quarantine':
        return this.#begin(pair, 'quarantine', nowMs + quarantineMs);
      case 'failure':
        return this.#failed(pair, nowMs);
      case 'missing':
        this.settings.missing(endpoint);
        return recovered(pair, nowMs);
      case 'well':
        return recovered(pair, nowMs);
    }
  }

  takeRetry(): boolean {
    if (this.#retries < 1) return false;
    this.#retries -= 1;
    return true;
  }

  takeQuota(endpoint: string, key: string | undefined, quota: Quota, nowMs: number): boolean {
    return this.#quotas.take(endpoint, key, quota, nowMs);
  }

  rest(rest: Rest): void {
    const pair = this.#pair(rest.endpoint, rest.key);
    if (rest.untilMs > pair.untilMs) Object.assign(pair, { why: rest.why, untilMs: rest.untilMs, ailing: true });
  }

  resting(nowMs: number): readonly Rest[] {
    return [...this.#pairs.values()]
      .filter((pair) => pair.ailing && pair.untilMs > nowMs)
      .map(({ endpoint, key, why, untilMs }) => ({ endpoint, key, why, untilMs }));
  }

  #failed(pair: Pair, nowMs: number): void {
    pair.failures += 1;
    // A pair that fails while it is probed opens again at once, and for longer.
    if (pair.failures < failuresThatOpen && !(pair.ailing && pair.why === 'breaker')) return;
    pair.failures = 0;
    this.#begin(pair, 'breaker', nowMs + Math.min(longestOpenMs, firstOpenMs * 2 ** pair.openings++));
  }

  #begin(pair: Pair, why: Rest['why'], untilMs: number): void {
    pair.ailing = true;
    if (untilMs <= pair.untilMs) return;
    pair.why = why;
    pair.untilMs = untilMs;
    this.settings.began({ endpoint: pair.endpoint, key: pair.key, why, untilMs });
  }

  #measured(endpoint: string, milliseconds: number): void {
    const before = this.#latencies.get(endpoint);
    remember(
      this.#latencies,
      endpoint,
      before === undefined ? milliseconds : before + latencyShare * (milliseconds - before),
      this.settings.remembered,
    );
  }

  #pair(endpoint: string, key: string | undefined): Pair {
    const name = nameOf(endpoint, key);
    const pair = this.#pairs.get(name) ?? newPair(endpoint, key);
    remember(this.#pairs, name, pair, this.settings.remembered);
    return pair;
  }
}

function newPair(endpoint: string, key: string | undefined): Pair {
  return { endpoint, key, ...well };
}

const never = Number.NEGATIVE_INFINITY;
const well = {
  why: 'cooldown',
  untilMs: never,
  ailing: false,
  probedAtMs: never,
  throttles: 0,
  failures: 0,
  openings: 0,
} as const satisfies Omit<Pair, 'endpoint' | 'key'>;

/** An answer to a request that left before the rest began does not end the rest. */
function recovered(pair: Pair, nowMs: number): void {
  if (nowMs < pair.untilMs) return;
  Object.assign(pair, well);
}

function cooldownMs(fault: ProviderFault, throttles: number): number {
  const asked = fault.retryAfterSeconds;
  if (asked !== undefined && asked > 0) return Math.min(longestRetryAfterMs, asked * 1_000);
  return Math.min(longestCooldownMs, firstCooldownMs * 2 ** throttles);
}

/** No name of an endpoint holds a NUL, so no two pairs have one name. */
function nameOf(endpoint: string, key: string | undefined): string {
  return key === undefined ? endpoint : `${endpoint}\0${key}`;
}

function remember<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}

/**
 * The same health, seen by one tenant. Endpoint and key ids are unique only within a tenant: without this, one tenant's
 * revoked key would quarantine another's.
 */
export function healthOf(health: Health, tenant: string): Health {
  const scoped = (endpoint: string): string => `${tenant}/${endpoint}`;
  return {
    usable: (endpoint, key, nowMs) => health.usable(scoped(endpoint), key, nowMs),
    latencyMs: (endpoint) => health.latencyMs(scoped(endpoint)),
    report: (endpoint, key, fault, milliseconds, nowMs) =>
      health.report(scoped(endpoint), key, fault, milliseconds, nowMs),
    takeRetry: (nowMs) => health.takeRetry(nowMs),
    takeQuota: (endpoint, key, quota, nowMs) => health.takeQuota?.(scoped(endpoint), key, quota, nowMs) ?? true,
  };
}
