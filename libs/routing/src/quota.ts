import type { LimitRule } from '@writ/domain';

/** What one attempt takes of the provider's own quota for a key. */
export interface Quota {
  readonly rules: readonly LimitRule[];
  readonly tokens: number;
  /** Counts for all processes at once; undefined where it cannot, and then each process keeps to its share. */
  readonly takeKey?: ((endpoint: string, key: string | undefined) => boolean | undefined) | undefined;
}

interface Window {
  minute: number;
  current: number;
  previous: number;
}

const minuteMs = 60_000;

/**
 * Requests and tokens per endpoint key, counted by this process against its share of each limit: the provider counts them
 * all, so a key that would be refused there is left for another one here.
 */
export class KeyQuotas {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly instances: number,
    private readonly remembered: number,
  ) {}

  /** All or nothing; false when any rule leaves no room. */
  take(endpoint: string, key: string | undefined, { rules, tokens }: Quota, nowMs: number): boolean {
    if (!rules.some(({ scope }) => scope === 'endpoint-key')) return true;
    const costs = rules
      .filter(({ scope, match }) => scope === 'endpoint-key' && (match === undefined || match === key))
      .flatMap(({ id, requestsPerMinute, tokensPerMinute }) => [
        { name: JSON.stringify([id, 'requests', endpoint, key ?? null]), limit: requestsPerMinute, cost: 1 },
        { name: JSON.stringify([id, 'tokens', endpoint, key ?? null]), limit: tokensPerMinute, cost: tokens },
      ]);
    const counted = costs.flatMap(({ name, limit, cost }) =>
      limit === undefined
        ? []
        : [{ window: this.#window(name, nowMs), most: Math.floor(limit / this.instances), cost }],
    );
    const share = 1 - (nowMs % minuteMs) / minuteMs;
    if (counted.some(({ window, most, cost }) => window.current + Math.ceil(window.previous * share) + cost > most))
      return false;
    for (const { window, cost } of counted) window.current += cost;
    return true;
  }

  #window(name: string, nowMs: number): Window {
    const minute = Math.floor(nowMs / minuteMs);
    const window = this.#windows.get(name) ?? { minute, current: 0, previous: 0 };
    if (window.minute < minute) {
      window.previous = window.minute === minute - 1 ? window.current : 0;
      window.current = 0;
      window.minute = minute;
    }
    this.#windows.delete(name);
    this.#windows.set(name, window);
    if (this.#windows.size > this.remembered) this.#windows.delete(this.#windows.keys().next().value!);
    return window;
  }
}
