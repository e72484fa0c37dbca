import type { RateCheck } from './rate-check.js';
import { windowMs } from './scripts.js';

interface Window {
  index: number;
  current: number;
  previous: number;
}

const remembered = 100_000;

/** What this process alone has admitted: the same sliding windows and slots as in Redis, in memory. */
export class LocalCounters {
  readonly #windows = new Map<string, Window>();
  readonly #slots = new Map<string, Set<string>>();

  constructor(private readonly nowMs: () => number) {}

  used(checks: readonly RateCheck[]): readonly number[] {
    return checks.map((check) => this.#used(check));
  }

  /** The first check that `limits` does not leave room for. */
  firstOver(
    checks: readonly RateCheck[],
    limits: readonly number[],
  ): { readonly check: RateCheck; readonly waitMs: number } | undefined {
    const index = checks.findIndex((check, at) => this.#used(check) + check.cost > (limits[at] ?? 0));
    const check = checks[index];
    if (!check) return undefined;
    return { check, waitMs: check.what === 'concurrency' ? 1_000 : windowMs - (this.nowMs() % windowMs) };
  }

  add(id: string, checks: readonly RateCheck[]): void {
    for (const check of checks) {
      if (check.what === 'concurrency') this.#slotsOf(check.key).add(id);
      else this.#window(check.key).current += check.cost;
    }
  }

  settle(id: string, checks: readonly RateCheck[], corrections: readonly number[]): void {
    checks.forEach(({ what, key }, index) => {
      if (what === 'concurrency') {
        const slots = this.#slotsOf(key);
        slots.delete(id);
        if (slots.size === 0) this.#slots.delete(key);
      } else if (what === 'tokens') {
        const window = this.#window(key);
        window.current = Math.max(0, window.current + (corrections[index] ?? 0));
      }
    });
  }

  #used({ what, key }: RateCheck): number {
    if (what === 'concurrency') return this.#slots.get(key)?.size ?? 0;
    const { current, previous } = this.#window(key);
    const share = 1 - (this.nowMs() % windowMs) / windowMs;
    return current + Math.ceil(previous * share);
  }

  #slotsOf(key: string): Set<string> {
    const slots = this.#slots.get(key) ?? new Set<string>();
    this.#slots.set(key, slots);
    return slots;
  }

  /** The key's window, moved on to now. The window touched longest ago is forgotten when there are too many. */
  #window(key: string): Window {
    const index = Math.floor(this.nowMs() / windowMs);
    const window = this.#windows.get(key) ?? { index, current: 0, previous: 0 };
    if (window.index < index) {
      window.previous = window.index === index - 1 ? window.current : 0;
      window.current = 0;
      window.index = index;
    }
    this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > remembered) this.#windows.delete(this.#windows.keys().next().value!);
    return window;
  }
}
