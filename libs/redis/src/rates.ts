import { counted, type Counted, type Touched, type Used } from './counted.js';
import type { Counter } from './counter.js';
import { KnownFull, type Full } from './known-full.js';
import { LocalCounters } from './local-counters.js';
import type { RoundTrips } from './round-trips.js';

export type RateAnswer =
  | {
      readonly admitted: true;
      readonly mode: 'shared' | 'degraded';
      /** Of each counter, before this request. */
      readonly used: readonly Used[];
      /** Requests and tokens of each name that was only looked at; undefined while Redis is out. */
      readonly seen: readonly number[] | undefined;
    }
  | {
      readonly admitted: false;
      readonly mode: 'shared' | 'degraded';
      readonly counter: Counter;
      readonly what: Counted;
      readonly waitMs: number;
    };

/** How long a slot is held when nobody settles it: longer than any request may take. */
export const slotLeaseMs = 15 * 60_000;

/**
 * Rates and concurrency, in Redis while it answers, and otherwise by this process's share of each limit. The process counts
 * for itself all the time, so that an outage does not begin with a fresh allowance.
 */
export class Rates {
  readonly #local: LocalCounters;
  readonly #full: KnownFull;

  constructor(
    private readonly trips: RoundTrips,
    private readonly instances: number,
    private readonly clock: { nowMs(): number; monotonicMs(): number },
  ) {
    this.#local = new LocalCounters(() => clock.nowMs());
    this.#full = new KnownFull(() => clock.monotonicMs());
  }

  /** A counter that said a moment ago, in Redis, that it has no room for so much, and until when. */
  knownFull(counters: readonly Counter[], tokens: () => number | undefined): Full | undefined {
    return this.#full.among(counters, tokens);
  }

  /** `looked` are names of counters that are looked at in the same round trip, and not counted. */
  async reserve(touched: Touched, looked: readonly string[] = []): Promise<RateAnswer> {
    const { id, tenant, counters, tokens } = touched;
    // It would spoil the question of every other request of this turn; one that cannot be counted is refused alone.
    if (!Number.isSafeInteger(tokens)) throw new Error('tokens are counted in whole numbers');
    if (counters.length + looked.length === 0) return { admitted: true, mode: 'shared', used: [], seen: [] };
    const askedMs = this.clock.monotonicMs();
    const named = [...counters.map(({ json }) => json), ...looked.map((name) => `"${name}"`)].join(',');
    const reply = await this.trips.ask(
      tenant,
      `["r","${id}",${slotLeaseMs},${tokens},${counters.length},${named}]`,
      2 + 3 * counters.length + 2 * looked.length,
    );
    if (!reply) return this.#reserveLate(touched);
    const [refused = 0, waitMs = 0] = reply;
    if (refused === 0) {
      this.#local.add(touched);
      const used = counters.map((_, index) => usedAt(reply, 2 + 3 * index));
      return { admitted: true, mode: 'shared', used, seen: reply.slice(2 + 3 * counters.length) };
    }
    const counter = counters[Math.floor((refused - 1) / 3)];
    const what = counted[(refused - 1) % 3];
    if (!counter || !what) return this.#reserveLate(touched);
    this.#full.learn({ counter, what, tokens, untilMs: askedMs + waitMs });
    return { admitted: false, mode: 'shared', counter, what, waitMs };
  }

  /** `tokens` is what was really used; undefined gives back all that was reserved. */
  settle(touched: Touched, mode: 'shared' | 'degraded', tokens: number | undefined): void {
    const correction = (tokens ?? 0) - touched.tokens;
    this.#local.settle(touched, correction);
    if (correction < 0) this.#full.forgetTokens(touched.counters);
    // What was reserved while Redis was out is not in its windows.
    this.#correct(touched, mode === 'shared' ? correction : 0);
  }

  /** A late answer may have been a yes: slots are given back in any case, by id, which is harmless when there is none. */
  #reserveLate(touched: Touched): RateAnswer {
    const answer = this.#reserveLocally(touched);
    if (!answer.admitted) this.#correct(touched, 0);
    return answer;
  }

  #correct({ id, tenant, counters }: Touched, correction: number): void {
    const concerned = counters.filter(
      ({ concurrency, tokens }) => concurrency !== undefined || (tokens !== undefined && correction !== 0),
    );
    if (concerned.length === 0) return;
    this.trips.tell(tenant, `["s","${id}",${correction},${concerned.map(({ json }) => json).join(',')}]`);
  }

  #reserveLocally(touched: Touched): RateAnswer {
    const refused = this.#local.firstOver(touched, this.instances);
    if (refused) return { admitted: false, mode: 'degraded', ...refused };
    const used = this.#local.used(touched);
    this.#local.add(touched);
    return { admitted: true, mode: 'degraded', used, seen: undefined };
  }
}

function usedAt(reply: readonly number[], at: number): Used {
  return { requests: reply[at] ?? 0, tokens: reply[at + 1] ?? 0, concurrency: reply[at + 2] ?? 0 };
}
