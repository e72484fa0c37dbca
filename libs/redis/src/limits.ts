import { randomUUID } from 'node:crypto';
import {
  err,
  ok,
  refuse,
  type Ask,
  type Refusal,
  type Result,
  type Snapshot,
  type Subject,
  type TenantContext,
  type Usage,
} from '@writ/domain';
import { microsOf } from '@writ/routing';
import { Budgets, type BudgetHold } from './budgets.js';
import type { Slices } from './purse.js';
import type { RedisConnection } from './connection.js';
import type { BudgetLeases } from './leases.js';
import { countersOf } from './counter.js';
import { keyCounters, KeyQuotas, type KeyUse, type Taken } from './key-quotas.js';
import { limitHeaders } from './limit-headers.js';
import type { Touched } from './counted.js';
import { Rates, slotLeaseMs, type RateAnswer } from './rates.js';
import { RoundTrips } from './round-trips.js';
import { worstCase, type OutputLimit } from './worst-case.js';

export interface LimitsNeeds {
  readonly redis: RedisConnection;
  readonly leases: BudgetLeases;
  readonly clock: {
    nowMs(): number;
    monotonicMs(): number;
    after(ms: number): { readonly elapsed: Promise<void>; cancel(): void };
  };
  /** Processes that share the limits: each takes its part while Redis is out. */
  readonly instances: number;
  readonly onProblem: (what: string, cause?: unknown) => void;
}

/** What was taken for one request; fits `Reservation` of the enforcement's ports. */
export interface Reserved {
  readonly id: string;
  readonly worstCaseMicros: string;
  readonly mode: 'shared' | 'degraded';
  readonly headers: Readonly<Record<string, string>>;
  readonly budget: { readonly class: string; readonly remainingCents: number } | undefined;
  /** The leases of budgets that it is a part of. */
  readonly leases: readonly string[];
  /** False where a model that it could reach has no price, and was taken for the dearest. */
  readonly priced: boolean;
  /** Under a hard budget, and where the caller named no length: what may be asked of each candidate. Empty otherwise. */
  readonly outputLimits: readonly OutputLimit[];
}

/** What a process holds of limits and budgets. */
export interface LimitsState extends Slices {
  /** Requests whose reservation is not settled. */
  readonly reservations: number;
}

/** Fits `LimitsPort` of the enforcement's ports. */
export interface Limits {
  reserve(
    tenant: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Promise<Result<Reserved, Refusal>>;
  /** What the shared counters are known to answer, because they said so a moment ago and said until when. Asks nobody. */
  knownRefusal(
    tenant: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Refusal | undefined;
  /**
   * Takes one call out of the provider's own quota for a key; false when it has no room. Undefined where no rule counts it,
   * or while the shared counters are out: then each process keeps to its share.
   */
  takeKey(reservation: Reserved, endpoint: string, key: string | undefined): boolean | undefined;
  settle(tenant: TenantContext, reservation: Reserved, usage: Usage | undefined, costMicros: string): Promise<void>;
  /** What this process holds at this moment. */
  state(): LimitsState;
  /** Gives every lease back; call it when no request is left. */
  close(): Promise<void>;
}

interface Open {
  readonly touched: Touched;
  readonly mode: 'shared' | 'degraded';
  readonly hold: BudgetHold;
  readonly worstMicros: bigint;
  readonly atMs: number;
  readonly keys: KeyUse;
  /** Of a key's quota, for the call that was made last. */
  taken: Taken | undefined;
}

const settled = Promise.resolve();
const sweepMs = 5_000;
/** A provider that reports more than this many times the worst case is not believed; the spend is clamped. */
const absurd = 100n;

export function createLimits(needs: LimitsNeeds): Limits {
  return new GatewayLimits(needs);
}

class GatewayLimits implements Limits {
  readonly #trips: RoundTrips;
  readonly #rates: Rates;
  readonly #budgets: Budgets;
  readonly #keys: KeyQuotas;
  readonly #open = new Map<string, Open>();
  #sweeping: { cancel(): void } | undefined;
  #closed = false;

  constructor(private readonly needs: LimitsNeeds) {
    const { redis, leases, clock, instances } = needs;
    const nowMs = (): number => clock.nowMs();
    this.#trips = new RoundTrips(redis, clock);
    this.#keys = new KeyQuotas(this.#trips);
    this.#rates = new Rates(this.#trips, instances, clock);
    this.#budgets = new Budgets({ leases, nowMs, monotonicMs: () => clock.monotonicMs(), instances });
  }

  async reserve(
    { tenant }: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Promise<Result<Reserved, Refusal>> {
    const worst = worstCase(ask, snapshot);
    if (!worst.ok) return err(refuse(worst.error, { param: 'model' }));
    const { micros, outputTokens } = worst.value;
    const id = randomUUID();
    const counters = countersOf(snapshot.limits, subject);
    const touched = { id, tenant, counters, tokens: estimatedTokens + outputTokens };
    const keys = keyCounters(ask, snapshot);
    const ownBefore = this.#keys.ownOf(tenant, keys);
    const rates = await this.#rates.reserve(
      touched,
      keys.map(({ name }) => name),
    );
    if (!rates.admitted) return err(refusalOf(rates));
    // Armed before anything is leased: also a request that is refused half-way may leave a slice behind.
    this.#sweepLater();
    const hold = await this.#budgets.hold(tenant, snapshot.budgets, subject, micros);
    if (!hold.ok) {
      this.#rates.settle(touched, rates.mode, undefined);
      return hold;
    }
    this.#open.set(id, {
      touched,
      mode: rates.mode,
      hold: hold.value,
      worstMicros: micros,
      atMs: this.needs.clock.nowMs(),
      keys: { counters: keys, used: rates.seen, ownBefore },
      taken: undefined,
    });
    const headers = limitHeaders(counters, rates.used, touched.tokens, this.needs.clock.nowMs());
    // Only a hard budget holds: what was reserved is then also the most that is asked for.
    const outputLimits = hold.value.seen === undefined ? [] : worst.value.outputLimits;
    return ok({
      id,
      worstCaseMicros: String(micros),
      mode: rates.mode,
      headers,
      budget: hold.value.seen,
      leases: hold.value.leases,
      priced: worst.value.priced,
      outputLimits,
    });
  }

  knownRefusal(
    _tenant: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Refusal | undefined {
    const full = this.#rates.knownFull(countersOf(snapshot.limits, subject), () => {
      const worst = worstCase(ask, snapshot);
      return worst.ok ? estimatedTokens + worst.value.outputTokens : undefined;
    });
    if (!full) return undefined;
    const waitMs = full.untilMs - this.needs.clock.monotonicMs();
    return refusalOf({ ...full, admitted: false, mode: 'shared', waitMs });
  }

  takeKey({ id }: Reserved, endpoint: string, key: string | undefined): boolean | undefined {
    const open = this.#open.get(id);
    if (!open) return undefined;
    const { tenant, tokens } = open.touched;
    const taken = this.#keys.take(tenant, open.keys, { endpoint, key, tokens });
    if (taken === undefined || taken === 'full') return taken && false;
    open.taken = taken;
    return true;
  }

  settle(_tenant: TenantContext, { id }: Reserved, usage: Usage | undefined, costMicros: string): Promise<void> {
    const open = this.#open.get(id);
    if (!open) return settled;
    this.#open.delete(id);
    try {
      // A cost that cannot be read is taken for the worst case, and an absurd one is clamped: never for nothing.
      const cost = microsOf(costMicros) ?? open.worstMicros;
      const most = open.worstMicros * absurd;
      open.hold.settle(usage === undefined ? 0n : cost > most ? most : cost);
      const tokens = usage && usage.inputTokens + usage.outputTokens;
      this.#rates.settle(open.touched, open.mode, tokens);
      // Only the last call's: what an earlier one used that failed, nobody knows, and it stays at its worst case.
      if (open.taken) this.#keys.settle(open.touched.tenant, open.taken, tokens ?? 0);
    } catch (cause) {
      this.needs.onProblem('a reservation could not be settled; it expires by itself', cause);
    }
    return settled;
  }

  state(): LimitsState {
    return { reservations: this.#open.size, ...this.#budgets.slices() };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sweeping?.cancel();
    await Promise.all([this.#budgets.sweep(true), this.#trips.flush()]);
  }

  /** Runs while leases are held, and stops by itself. */
  #sweepLater(): void {
    if (this.#sweeping || this.#closed) return;
    const timer = this.needs.clock.after(sweepMs);
    this.#sweeping = timer;
    void timer.elapsed.then(() => this.#sweep());
  }

  async #sweep(): Promise<void> {
    this.#sweeping = undefined;
    if (this.#closed) return;
    try {
      this.#forgetLost();
      const empty = await this.#budgets.sweep();
      if (!empty || this.#open.size > 0) this.#sweepLater();
    } catch (cause) {
      this.needs.onProblem('leases could not be given back; they expire by themselves', cause);
      this.#sweepLater();
    }
  }

  /** A request that never settled is taken to have spent its worst case. */
  #forgetLost(): void {
    const before = this.needs.clock.nowMs() - slotLeaseMs;
    for (const [id, open] of this.#open) {
      if (open.atMs > before) return;
      this.#open.delete(id);
      open.hold.settle(open.worstMicros);
    }
  }
}

function refusalOf({ counter, what, waitMs, mode }: Extract<RateAnswer, { admitted: false }>): Refusal {
  const { rule, [what]: limit } = counter;
  const per = what === 'concurrency' ? 'requests at a time' : `${what} a minute`;
  const degraded =
    mode === 'degraded' ? '; the shared counters are out, so this gateway only grants its share of it' : '';
  return refuse('rate-limited', {
    param: rule.id,
    detail: mode === 'degraded' ? `${what}_degraded` : what,
    message: `The limit ${rule.id} of ${limit} ${per} is reached${degraded}; wait as long as Retry-After says.`,
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
}
