import { err, limits, ok, refuse, type Refusal, type Result, type TenantId } from '@writ/domain';
import type { Later } from './fair-turns.js';
import type { Neighbours } from './neighbours.js';
import type { ClockPort, Place, UndecidedPort } from './ports.js';

/** Requests of each kind, and ms. */
export interface UndecidedBounds {
  /** Undecided at a time, of one tenant: while it is alone, and while others are here. */
  readonly alone: number;
  readonly besideOthers: number;
  /** Undecided at a time, of all tenants. */
  readonly process: number;
  /** Of one tenant that enter in one turn of the event loop while others are here. */
  readonly inOneTurn: number;
  /** That wait, of one tenant, and how long. */
  readonly waiting: number;
  readonly waitMs: number;
}

/** Those of the product. */
export const undecidedBounds: UndecidedBounds = {
  alone: limits.tenantUndecidedAlone,
  besideOthers: limits.tenantUndecided,
  process: limits.processUndecided,
  inOneTurn: limits.tenantUndecidedInOneTurn,
  waiting: limits.tenantUndecidedWaiting,
  waitMs: limits.undecidedWaitMs,
};

export interface UndecidedNeeds {
  readonly bounds: UndecidedBounds;
  readonly clock: Pick<ClockPort, 'after'>;
  readonly neighbours: Neighbours;
  readonly later: Later;
  /** Uniform in [0, 1): callers that are refused together do not come back together. */
  readonly random: () => number;
}

interface Of {
  readonly tenant: TenantId;
  inside: number;
  /** Since this turn of the event loop began. */
  entered: number;
  /** In the order in which they came; each is called once, with its place. */
  readonly waiting: Set<(place: Place) => void>;
}

/**
 * The requests of this process that are not decided yet, bounded for each tenant. Before its text is read, a request takes a place
 * here; beyond the bound it waits behind those of its own tenant, and tenants are let in one after the other, a few of each in one
 * turn of the event loop. So whatever one tenant sends, a step of another's request has only so many of it before itself.
 */
export class Undecided implements UndecidedPort {
  readonly #of = new Map<TenantId, Of>();
  /** Who waits and has room under its own bound; who comes next is first. */
  readonly #next = new Set<Of>();
  /** Who entered in this turn. */
  readonly #entered = new Set<Of>();
  #inside = 0;
  #isAwaited = false;

  constructor(private readonly needs: UndecidedNeeds) {}

  async enter(tenant: TenantId, hangUp: AbortSignal): Promise<Result<Place, Refusal>> {
    this.needs.neighbours.seen(tenant);
    const of = this.#ofTenant(tenant);
    if (of.waiting.size === 0 && this.#hasRoom(of)) return ok(this.#let(of));
    if (of.waiting.size >= this.needs.bounds.waiting) return err(this.#refusal('queue'));
    return await this.#wait(of, hangUp);
  }

  /** Requests that have a place, and those that wait for one. */
  state(): { readonly inside: number; readonly waiting: number } {
    let waiting = 0;
    for (const of of this.#of.values()) waiting += of.waiting.size;
    return { inside: this.#inside, waiting };
  }

  #ofTenant(tenant: TenantId): Of {
    const found = this.#of.get(tenant);
    if (found) return found;
    const of: Of = { tenant, inside: 0, entered: 0, waiting: new Set() };
    this.#of.set(tenant, of);
    return of;
  }

  async #wait(of: Of, hangUp: AbortSignal): Promise<Result<Place, Refusal>> {
    const { promise, resolve } = Promise.withResolvers<Result<Place, Refusal>>();
    const enter = (place: Place): void => resolve(ok(place));
    const leave = (why: 'wait' | 'hung-up'): void => {
      if (!of.waiting.delete(enter)) return;
      if (of.waiting.size === 0) this.#next.delete(of);
      this.#forget(of);
      resolve(err(this.#refusal(why)));
    };
    const hungUp = (): void => leave('hung-up');
    const timer = this.needs.clock.after(this.needs.bounds.waitMs);
    void timer.elapsed.then(() => leave('wait'));
    hangUp.addEventListener('abort', hungUp);
    of.waiting.add(enter);
    if (hangUp.aborted) hungUp();
    else this.#offer(of);
    try {
      return await promise;
    } finally {
      timer.cancel();
      hangUp.removeEventListener('abort', hungUp);
    }
  }

  /** In this turn, and under its own bound and that of all. */
  #hasRoom(of: Of): boolean {
    return this.#inside < this.needs.bounds.process && this.#isUnderBound(of) && this.#hasTurn(of);
  }

  #isUnderBound({ inside }: Of): boolean {
    const { alone, besideOthers } = this.needs.bounds;
    return inside < (this.needs.neighbours.areSeveral() ? besideOthers : alone);
  }

  #hasTurn({ entered }: Of): boolean {
    return entered < this.needs.bounds.inOneTurn || !this.needs.neighbours.areSeveral();
  }

  #let(of: Of): Place {
    of.inside += 1;
    of.entered += 1;
    this.#inside += 1;
    this.#entered.add(of);
    this.#await();
    let isLeft = false;
    return {
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        of.inside -= 1;
        this.#inside -= 1;
        if (of.waiting.size > 0) this.#offer(of);
        else this.#forget(of);
        if (this.#next.size > 0) this.#await();
      },
    };
  }

  #offer(of: Of): void {
    this.#next.add(of);
    this.#await();
  }

  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.needs.later(() => this.#turn());
  }

  /** A new turn of the event loop: one of each tenant, again and again, as far as the bounds go. */
  #turn(): void {
    this.#isAwaited = false;
    for (const of of this.#entered) {
      of.entered = 0;
      this.#forget(of);
    }
    this.#entered.clear();
    const nextTurn: Of[] = [];
    // Who is let in goes behind all the others, which the loop goes on with.
    for (const of of this.#next) {
      if (this.#inside >= this.needs.bounds.process) break;
      this.#next.delete(of);
      // At its own bound it comes back when one of its own leaves.
      if (!this.#isUnderBound(of)) continue;
      if (!this.#hasTurn(of)) {
        nextTurn.push(of);
        continue;
      }
      const [first] = of.waiting;
      if (first === undefined) continue;
      of.waiting.delete(first);
      if (of.waiting.size > 0) this.#next.add(of);
      first(this.#let(of));
    }
    for (const of of nextTurn) this.#next.add(of);
  }

  /** Not before its turn is over: who comes and goes gets no second one. */
  #forget(of: Of): void {
    if (of.inside === 0 && of.waiting.size === 0 && of.entered === 0) this.#of.delete(of.tenant);
  }

  #refusal(why: 'queue' | 'wait' | 'hung-up'): Refusal {
    const retryAfterSeconds = 1 + Math.floor(this.needs.random() * 4);
    return refuse('request-backpressure', { detail: why, message: messages[why], retryAfterSeconds });
  }
}

const messages = {
  queue:
    'Too many requests of this tenant wait to be decided; send fewer at once, and wait as long as Retry-After says.',
  wait: 'The request waited too long behind others of its tenant; send fewer at once, and wait as long as Retry-After says.',
  'hung-up': 'The caller hung up while its request waited to be decided; nothing of it was read.',
} as const;
