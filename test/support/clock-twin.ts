import type { Clock } from '@writ/platform';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** A clock that moves only when told, or by itself to the next timer when nothing else can happen. */
export class ClockTwin implements Clock {
  #nowMs: number;
  #timers: Timer[] = [];

  constructor(startMs = Date.UTC(2026, 10, 21)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number): { readonly elapsed: Promise<void>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = { atMs: this.#nowMs + ms, fire: resolve };
    this.#timers.push(timer);
    return { elapsed: promise, cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter((timer) => timer.atMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.#nowMs);
    for (const timer of due) timer.fire();
  }

  /**
   * Lets everything happen that can: drains the microtasks, moves to the next timer, again, until `done` or until no timer
   * is left (a killed process waits for ever). At most `steps` rounds.
   */
  async run(done: () => boolean, steps = 10_000): Promise<void> {
    for (let round = 0; round < steps && !done(); round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      const next = this.#timers.reduce<number | undefined>(
        (least, timer) => (least === undefined ? timer.atMs : Math.min(least, timer.atMs)),
        undefined,
      );
      if (next === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.#timers.length === 0) return;
      } else this.advance(Math.max(0, next - this.#nowMs));
    }
  }
}
