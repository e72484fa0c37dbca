import { err, ok, unreachable, type Result } from '@writ/domain';
import type { BudgetKey, BudgetLease, BudgetLeases, LeaseRefusal } from './leases.js';

/** A part of a lease that one request holds until it is settled. */
export interface Held {
  /** Id of the lease that it is a part of. */
  readonly lease: string;
  settle(spentMicros: bigint): void;
}

/** Slices that are held, and what is done with them. */
export interface Slices {
  readonly leases: number;
  readonly grantedMicros: bigint;
  readonly spentMicros: bigint;
  readonly reservedMicros: bigint;
}

interface Slice {
  readonly lease: BudgetLease;
  readonly leasedAtMs: number;
  spentMicros: bigint;
  reservedMicros: bigint;
  reservations: number;
  usedAtMs: number;
}

export interface PurseSettings {
  readonly leases: BudgetLeases;
  /** Ages of slices are measured by it: a wall clock that is set back must not make one usable for longer. */
  readonly monotonicMs: () => number;
  /** A slice is at most this part of the ceiling, so that all instances together cannot lock it up. */
  readonly shares: number;
}

/** Ours to spend from for a minute; the store writes it off when it hears nothing for five. */
const usableMs = 60_000;
const leaseSeconds = 300;
const idleMs = 10_000;
const requestsPerSlice = 32n;
/** How long "exhausted" is believed without asking again. */
const exhaustedMs = 1_000;

/**
 * One ceiling as this process spends from it. Reserving is arithmetic in memory; only when the slice does not suffice is
 * another one asked for, by one request for all that wait.
 */
export class Purse {
  #slices: Slice[] = [];
  #returning: Slice[] = [];
  #asking: Promise<void> | undefined;
  #refusal: { readonly why: LeaseRefusal; readonly leastMicros: bigint; readonly untilMs: number } | undefined;
  #remainingMicros = 0n;

  constructor(
    private readonly key: BudgetKey,
    private readonly limitMicros: bigint,
    private readonly period: 'day' | 'month' | 'total',
    private readonly settings: PurseSettings,
  ) {}

  /** At once where the slice suffices. */
  reserve(micros: bigint): Result<Held, LeaseRefusal> | Promise<Result<Held, LeaseRefusal>> {
    const held = this.#take(micros);
    return held ? ok(held) : this.#reserveOfMore(micros);
  }

  async #reserveOfMore(micros: bigint): Promise<Result<Held, LeaseRefusal>> {
    for (;;) {
      const held = this.#take(micros);
      if (held) return ok(held);
      const refusal = this.#refusal;
      if (refusal && this.settings.monotonicMs() < refusal.untilMs && micros >= refusal.leastMicros)
        return err(refusal.why);
      this.#asking ??= this.#ask(micros).finally(() => {
        this.#asking = undefined;
      });
      await this.#asking;
    }
  }

  /** What this process knows to be left: its own slices and what the store said was left for others. */
  leftMicros(): bigint {
    return this.#slices.reduce((sum, slice) => sum + free(slice), this.#remainingMicros);
  }

  /** Those of this purse, added to others. */
  addTo(sum: Slices): Slices {
    return [...this.#slices, ...this.#returning].reduce(
      ({ leases, grantedMicros, spentMicros, reservedMicros }, slice) => ({
        leases: leases + 1,
        grantedMicros: grantedMicros + slice.lease.grantedMicros,
        spentMicros: spentMicros + slice.spentMicros,
        reservedMicros: reservedMicros + slice.reservedMicros,
      }),
      sum,
    );
  }

  /** True when nothing is leased, asked for or to be returned: the purse may be forgotten. */
  isEmpty(): boolean {
    return this.#slices.length === 0 && this.#returning.length === 0 && this.#asking === undefined;
  }

  /** Returns slices that nobody uses any more. */
  async sweep(everything = false): Promise<void> {
    const now = this.settings.monotonicMs();
    const idle = this.#slices.filter(
      (slice) =>
        everything ||
        (slice.reservations === 0 && (now - slice.usedAtMs >= idleMs || now - slice.leasedAtMs >= usableMs)),
    );
    this.#slices = this.#slices.filter((slice) => !idle.includes(slice));
    // From here on nothing more is spent of them, also when the store's answer is lost and they must be returned again.
    const returning = [...this.#returning, ...idle];
    this.#returning = [];
    for (const slice of returning) {
      // What is still reserved may still be spent: it is returned only when its request settles.
      const settled = await this.settings.leases.settle(slice.lease, slice.spentMicros + slice.reservedMicros);
      if (settled.ok) this.#refusal = undefined;
      else this.#returning.push(slice);
    }
  }

  #take(micros: bigint): Held | undefined {
    const now = this.settings.monotonicMs();
    const slice = this.#slices.find((one) => now - one.leasedAtMs < usableMs && free(one) >= micros);
    if (!slice) return undefined;
    slice.reservedMicros += micros;
    slice.reservations += 1;
    let settled = false;
    return {
      lease: slice.lease.id,
      settle: (spentMicros) => {
        if (settled) return;
        settled = true;
        slice.reservedMicros -= micros;
        slice.reservations -= 1;
        slice.spentMicros += spentMicros;
        slice.usedAtMs = this.settings.monotonicMs();
        if (spentMicros < micros) this.#refusal = undefined;
      },
    };
  }

  async #ask(micros: bigint): Promise<void> {
    const { leases, monotonicMs, shares } = this.settings;
    const share = this.limitMicros / BigInt(shares);
    const many = micros * requestsPerSlice;
    const slice = many < share ? many : share;
    const least = micros > 0n ? micros : 1n;
    const granted = await leases.lease(this.key, {
      period: this.period,
      limitMicros: this.limitMicros,
      leastMicros: least,
      sliceMicros: slice > least ? slice : least,
      seconds: leaseSeconds,
    });
    const now = monotonicMs();
    if (!granted.ok) {
      this.#refusal = { why: granted.error, leastMicros: micros, untilMs: now + exhaustedMs };
      if (granted.error === 'exhausted') this.#remainingMicros = 0n;
      return;
    }
    // A store that grants less than the least would be asked again for ever.
    const isEnough = granted.value.grantedMicros >= micros;
    this.#refusal = isEnough ? undefined : { why: 'exhausted', leastMicros: micros, untilMs: now + exhaustedMs };
    this.#remainingMicros = granted.value.remainingMicros;
    this.#slices.push({
      lease: granted.value,
      leasedAtMs: now,
      spentMicros: 0n,
      reservedMicros: 0n,
      reservations: 0,
      usedAtMs: now,
    });
  }
}

function free({ lease, spentMicros, reservedMicros }: Slice): bigint {
  const left = lease.grantedMicros - spentMicros - reservedMicros;
  return left > 0n ? left : 0n;
}

/** The start of the period in UTC, ms since the epoch; 0 for a budget that never renews. */
export function periodStart(period: 'day' | 'month' | 'total', atMs: number): number {
  const at = new Date(atMs);
  switch (period) {
    case 'day':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
    case 'month':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
    case 'total':
      return 0;
    default:
      return unreachable(period);
  }
}

/** When it renews; undefined for never. */
export function periodEnd(period: 'day' | 'month' | 'total', atMs: number): number | undefined {
  const at = new Date(atMs);
  switch (period) {
    case 'day':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1);
    case 'month':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
    case 'total':
      return undefined;
    default:
      return unreachable(period);
  }
}
