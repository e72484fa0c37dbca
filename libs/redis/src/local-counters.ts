import type { TenantId } from '@writ/domain';
import type { Counter } from './counter.js';
import type { Counted, Touched, Used } from './counted.js';
import { windowMs } from './scripts.js';

interface Window {
  index: number;
  requests: number;
  requestsBefore: number;
  tokens: number;
  tokensBefore: number;
}

const remembered = 100_000;
const none: Used = { requests: 0, tokens: 0, concurrency: 0 };

/** What this process alone has admitted: the same sliding windows and slots as in Redis, in memory. */
export class LocalCounters {
  readonly #windows = new Map<string, Window>();
  readonly #slots = new Map<string, Set<string>>();

  constructor(private readonly nowMs: () => number) {}

  used({ tenant, counters }: Touched): readonly Used[] {
    return counters.map((counter) => this.#used(tenant, counter));
  }

  /** The first counter of which this process has no room in its share, one of so many. */
  firstOver(
    { tenant, counters, tokens }: Touched,
    instances: number,
  ): { readonly counter: Counter; readonly what: Counted; readonly waitMs: number } | undefined {
    const over = (limit: number | undefined, used: number, cost: number): boolean =>
      limit !== undefined && used + cost > Math.floor(limit / instances);
    for (const counter of counters) {
      const used = this.#used(tenant, counter);
      const waitMs = windowMs - (this.nowMs() % windowMs);
      if (over(counter.requests, used.requests, 1)) return { counter, what: 'requests', waitMs };
      if (over(counter.tokens, used.tokens, tokens)) return { counter, what: 'tokens', waitMs };
      if (over(counter.concurrency, used.concurrency, 1)) return { counter, what: 'concurrency', waitMs: 1_000 };
    }
    return undefined;
  }

  add({ id, tenant, counters, tokens }: Touched): void {
    for (const counter of counters) {
      if (counter.concurrency !== undefined) this.#slotsOf(tenant, counter.name).add(id);
      if (!hasWindow(counter)) continue;
      const window = this.#window(tenant, counter.name);
      window.requests += 1;
      window.tokens += tokens;
    }
  }

  settle({ id, tenant, counters }: Touched, correction: number): void {
    for (const counter of counters) {
      if (counter.concurrency !== undefined) {
        const slots = this.#slotsOf(tenant, counter.name);
        slots.delete(id);
        if (slots.size === 0) this.#slots.delete(keyOf(tenant, counter.name));
      }
      if (counter.tokens === undefined || correction === 0) continue;
      const window = this.#window(tenant, counter.name);
      window.tokens = Math.max(0, window.tokens + correction);
    }
  }

  #used(tenant: TenantId, counter: Counter): Used {
    const concurrency = this.#slots.get(keyOf(tenant, counter.name))?.size ?? 0;
    if (!hasWindow(counter)) return concurrency === 0 ? none : { ...none, concurrency };
    const { requests, requestsBefore, tokens, tokensBefore } = this.#window(tenant, counter.name);
    const share = 1 - (this.nowMs() % windowMs) / windowMs;
    return {
      requests: requests + Math.ceil(requestsBefore * share),
      tokens: tokens + Math.ceil(tokensBefore * share),
      concurrency,
    };
  }

  #slotsOf(tenant: TenantId, name: string): Set<string> {
    const key = keyOf(tenant, name);
    const slots = this.#slots.get(key) ?? new Set<string>();
    this.#slots.set(key, slots);
    return slots;
  }

  /** The window of that name, moved on to now. The one touched longest ago is forgotten when there are too many. */
  #window(tenant: TenantId, name: string): Window {
    const key = keyOf(tenant, name);
    const index = Math.floor(this.nowMs() / windowMs);
    const window = this.#windows.get(key) ?? { index, requests: 0, requestsBefore: 0, tokens: 0, tokensBefore: 0 };
    if (window.index < index) {
      const isNext = window.index === index - 1;
      window.requestsBefore = isNext ? window.requests : 0;
      window.tokensBefore = isNext ? window.tokens : 0;
      window.requests = 0;
      window.tokens = 0;
      window.index = index;
    }
    this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > remembered) this.#windows.delete(this.#windows.keys().next().value!);
    return window;
  }
}

function hasWindow({ requests, tokens }: Counter): boolean {
  return requests !== undefined || tokens !== undefined;
}

/** Names of counters have no tenant in them; rules of two tenants may well have the same. */
function keyOf(tenant: TenantId, name: string): string {
  return `${tenant} ${name}`;
}
