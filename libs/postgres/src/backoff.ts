/** After a failure it rests, twice as long each time up to a maximum, with full jitter: callers must not return in step. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maximumMs: number;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #failures = 0;
  #restUntil = 0;

  constructor(options: {
    readonly firstMs: number;
    readonly maximumMs: number;
    readonly nowMs?: () => number;
    readonly random?: () => number;
  }) {
    this.#firstMs = options.firstMs;
    this.#maximumMs = options.maximumMs;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
  }

  isResting(): boolean {
    return this.#nowMs() < this.#restUntil;
  }

  /** How long to wait before the next attempt. */
  failed(): number {
    const longest = Math.min(this.#maximumMs, this.#firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    const restMs = longest * this.#random();
    this.#restUntil = this.#nowMs() + restMs;
    return restMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#restUntil = 0;
  }
}
