import type { AnswerEvent } from '@writ/domain';
import type { ClockPort } from './ports.js';

/** What may come next while an answer is released. */
export type Happening =
  | { readonly kind: 'event'; readonly next: IteratorResult<AnswerEvent> }
  | { readonly kind: 'broken'; readonly error: unknown }
  | { readonly kind: 'committed' }
  | { readonly kind: 'time' };

export interface Awaited {
  /** True once the record of the oldest window is durable, or is known not to be. */
  readonly isCommitted: boolean;
  /** False while so much is held that the upstream must wait. */
  readonly mayRead: boolean;
  /** Ms until somebody wants to look at the clock; undefined for never. */
  readonly dueInMs: number | undefined;
}

/**
 * The one who releases an answer waits here. Whatever happens wakes it: a race of promises would cost a stream half a dozen
 * of them an event, and hang another reaction on each that is still open.
 */
export class Arrivals {
  readonly #head: AnswerEvent[];
  /** What the upstream said that nobody has looked at yet. */
  #arrived: Extract<Happening, { kind: 'event' | 'broken' }> | undefined;
  #isReading = false;
  #timer: { cancel(): void } | undefined;
  #isTime = false;
  #wake: (() => void) | undefined;

  constructor(
    head: readonly AnswerEvent[],
    private readonly rest: AsyncIterator<AnswerEvent>,
    private readonly clock: ClockPort,
  ) {
    this.#head = [...head];
  }

  /** True while events are here that came before anybody waited. */
  get hasHead(): boolean {
    return this.#head.length > 0;
  }

  /**
   * A commit first, then an event, then the time; at once where one of them is here already. `awaited` is asked again after every
   * waking.
   */
  next(awaited: () => Awaited): Happening | Promise<Happening> {
    const wanted = awaited();
    return this.#happened(wanted) ?? this.#wait(awaited, wanted);
  }

  async #wait(awaited: () => Awaited, first: Awaited): Promise<Happening> {
    for (let wanted = first; ;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      if (!this.#isReading && wanted.mayRead) this.#read();
      if (!this.#timer && wanted.dueInMs !== undefined) this.#setTimer(wanted.dueInMs);
      // oxlint-disable-next-line no-await-in-loop -- until something happens
      await promise;
      wanted = awaited();
      const happened = this.#happened(wanted);
      if (happened) return happened;
    }
  }

  wake(): void {
    this.#wake?.();
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #happened({ isCommitted }: Awaited): Happening | undefined {
    const first = this.#head.shift();
    if (first) return { kind: 'event', next: { done: false, value: first } };
    if (isCommitted) return { kind: 'committed' };
    const arrived = this.#arrived;
    this.#arrived = undefined;
    if (arrived) return arrived;
    if (!this.#isTime) return undefined;
    this.#isTime = false;
    return { kind: 'time' };
  }

  #read(): void {
    this.#isReading = true;
    const arrive = (arrived: Extract<Happening, { kind: 'event' | 'broken' }>): void => {
      this.#isReading = false;
      this.#arrived = arrived;
      this.#wake?.();
    };
    this.rest.next().then(
      (next) => arrive({ kind: 'event', next }),
      (error: unknown) => arrive({ kind: 'broken', error }),
    );
  }

  #setTimer(ms: number): void {
    const timer = this.clock.after(ms);
    this.#timer = timer;
    void timer.elapsed.then(() => {
      this.#timer = undefined;
      this.#isTime = true;
      this.#wake?.();
    });
  }
}
