import type { Clock } from './clock.js';

/**
 * The pauses of something that runs as long as the process, each of which can be cut short. Nothing of a pause stays behind it: a race
 * with a promise that is still open keeps its share of every race until it settles, which for a loop is the process' whole life.
 */
export class Pauses {
  #wake: (() => void) | undefined;
  #areOver = false;

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Resolves after `ms`, at `wake`, or at once when `end` was called. One at a time. */
  async take(ms: number): Promise<void> {
    if (this.#areOver) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.clock.after(ms);
    void timer.elapsed.then(resolve);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    timer.cancel();
  }

  /** Ends the pause under way, if there is one. */
  wake(): void {
    this.#wake?.();
  }

  /** Ends the pause under way and every later one. */
  end(): void {
    this.#areOver = true;
    this.#wake?.();
  }
}
