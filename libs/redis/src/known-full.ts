import type { Counted } from './counted.js';
import type { Counter } from './counter.js';

/** What a counter answered when it refused. */
export interface Full {
  readonly counter: Counter;
  readonly what: Counted;
  /** Of the request that was refused: one that needs fewer may find room. */
  readonly tokens: number;
  /** Monotonic ms; until then the same question has the same answer. */
  readonly untilMs: number;
}

/**
 * What the shared counters answered and what therefore need not be asked again. Requests are only given back by time, so their
 * answer stands until it said. Tokens are given back when a request settles: what is known of them holds for requests that need
 * as many or more, until one settles here for less. Slots may come free at any moment, so nothing is known of them. A counter
 * lives as long as the snapshot with its rule, and what is known of it no longer.
 */
export class KnownFull {
  readonly #known = new WeakMap<Counter, Full>();

  constructor(private readonly monotonicMs: () => number) {}

  learn(full: Full): void {
    if (full.what !== 'concurrency') this.#known.set(full.counter, full);
  }

  forgetTokens(counters: readonly Counter[]): void {
    for (const counter of counters) if (this.#known.get(counter)?.what === 'tokens') this.#known.delete(counter);
  }

  /** The first that has no room. `tokens` is asked only where it matters; undefined where nobody can say how many are needed. */
  among(counters: readonly Counter[], tokens: () => number | undefined): Full | undefined {
    for (const counter of counters) {
      const full = this.#known.get(counter);
      if (full === undefined) continue;
      if (this.monotonicMs() >= full.untilMs) this.#known.delete(counter);
      else if (full.what === 'requests' || (tokens() ?? 0) >= full.tokens) return full;
    }
    return undefined;
  }
}
