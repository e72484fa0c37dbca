/** Lets `then` run after the input and output that waits was seen to. */
export type Later = (then: () => void) => void;

/**
 * Long work on the one thread that serves everybody, done in turns: so many ms, then whatever came in meanwhile is seen to, then
 * the next turn. Who waits is served one tenant after the other, so a tenant that sends a thousand requests at once waits behind
 * itself, and another's request is never behind more than one of each. Who waits is bounded by the open connections.
 */
export class FairTurns {
  /** By tenant, in the order in which their next turn comes. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  #spentMs = 0;
  #isAwaited = false;

  constructor(
    /** Asked anew in each turn: short while others wait to be seen, longer where a tenant is alone. */
    private readonly turnMs: () => number,
    private readonly monotonicMs: () => number,
    private readonly later: Later,
  ) {}

  /** True while somebody's turn is yet to come. */
  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Runs `work` at once where this turn has time left and nobody waits. What `work` does after its first wait is not counted. */
  take<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.size === 0 && this.#spentMs < this.turnMs()) return this.#run(work);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const job = async (): Promise<void> => {
      try {
        resolve(await this.#run(work));
      } catch (cause) {
        reject(cause);
      }
    };
    const others = this.#waiting.get(tenant);
    if (others) others.push(job);
    else this.#waiting.set(tenant, [job]);
    return promise;
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isAwaited) {
      this.#isAwaited = true;
      this.later(() => this.#next());
    }
    const from = this.monotonicMs();
    try {
      return work();
    } finally {
      this.#spentMs += this.monotonicMs() - from;
    }
  }

  /** A new turn: one of each tenant, again and again, until its time is spent or nobody waits. */
  #next(): void {
    this.#isAwaited = false;
    this.#spentMs = 0;
    const turnMs = this.turnMs();
    for (const [tenant, jobs] of this.#waiting) {
      if (this.#spentMs >= turnMs) break;
      this.#waiting.delete(tenant);
      const job = jobs.shift();
      // Behind all the others, which the loop goes on with.
      if (jobs.length > 0) this.#waiting.set(tenant, jobs);
      void job?.();
    }
  }
}
