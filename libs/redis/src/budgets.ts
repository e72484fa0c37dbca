import { err, ok, refuse, type Budget, type Refusal, type Result, type Subject, type TenantId } from '@writ/domain';
import { microsOf } from '@writ/routing';
import { applicable, oncePerSubject, type Applied } from './applicable.js';
import type { BudgetLeases, LeaseRefusal } from './leases.js';
import { periodEnd, periodStart, Purse, type Held, type Slices } from './purse.js';

/** What all budgets that apply to a request hold back for it. */
export interface BudgetHold {
  /** Ids of the leases that it is a part of. */
  readonly leases: readonly string[];
  settle(spentMicros: bigint): void;
  /** Of the tightest hard budget; undefined when none applies. */
  readonly seen: { readonly class: string; readonly remainingCents: number } | undefined;
}

export interface BudgetSettings {
  readonly leases: BudgetLeases;
  readonly nowMs: () => number;
  /** Never jumps; only differences of it are used. */
  readonly monotonicMs: () => number;
  readonly instances: number;
}

/** A budget as it applies to one holder, with what follows from its text. */
interface Ceiling extends Applied<Budget> {
  /** Undefined when the text is no amount. */
  readonly limitMicros: bigint | undefined;
  /** Of its purses, behind the tenant and the period. */
  readonly name: string;
}

/** From which purse, or why not. */
interface Taken {
  readonly purse: Purse;
  readonly reserved: Result<Held, LeaseRefusal>;
}

const ceilingsOf = oncePerSubject((budgets: readonly Budget[], subject): readonly Ceiling[] =>
  applicable(budgets, subject).map(({ rule, holder }) => ({
    rule,
    holder,
    limitMicros: microsOf(rule.limitMicros),
    name: JSON.stringify([rule.id, holder, rule.limitMicros]),
  })),
);

const microsPerCent = 10_000n;
/** Slices of at most this part of a ceiling for each instance. */
const slicesPerInstance = 8;
/** A budget with less than this percentage left is `economy`. */
const economyPercent = 20n;

/** The purses of this process: one for each budget, holder and period in use. */
export class Budgets {
  readonly #purses = new Map<string, Purse>();
  /** The store's clock, once ours was found to be in another period than it. */
  #storeClock: { readonly atMs: number; readonly monotonicMs: number } | undefined;

  constructor(private readonly settings: BudgetSettings) {}

  /** From every budget that applies, or from none. */
  async hold(
    tenant: TenantId,
    budgets: readonly Budget[],
    subject: Subject,
    micros: bigint,
  ): Promise<Result<BudgetHold, Refusal>> {
    const held: Held[] = [];
    const release = (): void => held.forEach((one) => one.settle(0n));
    let tightest: BudgetHold['seen'];
    for (const applied of ceilingsOf(budgets, subject)) {
      const { limitMicros } = applied;
      if (limitMicros === undefined) {
        release();
        return err(refusal(applied, 'budget_malformed', this.#nowMs()));
      }
      const taken = this.#reserve(tenant, applied, limitMicros, micros);
      const { purse, reserved } = taken instanceof Promise ? await taken : taken;
      if (reserved.ok) held.push(reserved.value);
      else if (applied.rule.hard) {
        release();
        return err(refusal(applied, reserved.error, this.#nowMs()));
      }
      if (applied.rule.hard) tightest = tighter(tightest, purse.leftMicros(), limitMicros);
    }
    const leases = held.map(({ lease }) => lease);
    return ok({ seen: tightest, leases, settle: (spent) => held.forEach((one) => one.settle(spent)) });
  }

  slices(): Slices {
    const none: Slices = { leases: 0, grantedMicros: 0n, spentMicros: 0n, reservedMicros: 0n };
    return [...this.#purses.values()].reduce((sum, purse) => purse.addTo(sum), none);
  }

  /** Gives idle slices back; true when none are left. */
  async sweep(everything = false): Promise<boolean> {
    for (const [name, purse] of this.#purses) {
      await purse.sweep(everything);
      // Asked only now: while it was swept, a request may have leased anew, and a forgotten lease is written off as spent.
      if (purse.isEmpty()) this.#purses.delete(name);
    }
    return this.#purses.size === 0;
  }

  #reserve(tenant: TenantId, applied: Ceiling, limitMicros: bigint, micros: bigint): Taken | Promise<Taken> {
    const purse = this.#purse(tenant, applied, limitMicros);
    const reserved = purse.reserve(micros);
    if (reserved instanceof Promise)
      return this.#reserveFromStore(tenant, applied, limitMicros, micros, purse, reserved);
    return { purse, reserved };
  }

  /** Which day or month it is, the store says: a clock here that jumped neither renews a budget nor spends the next one. */
  async #reserveFromStore(
    tenant: TenantId,
    applied: Ceiling,
    limitMicros: bigint,
    micros: bigint,
    purse: Purse,
    asked: Promise<Result<Held, LeaseRefusal>>,
  ): Promise<Taken> {
    const reserved = await asked;
    if (reserved.ok || reserved.error !== 'other-period') return { purse, reserved };
    const storeMs = await this.settings.leases.nowMs();
    if (storeMs === undefined) return { purse, reserved: err('unavailable') };
    this.#storeClock = { atMs: storeMs, monotonicMs: this.settings.monotonicMs() };
    const right = this.#purse(tenant, applied, limitMicros);
    return { purse: right, reserved: await right.reserve(micros) };
  }

  #nowMs(): number {
    const { nowMs, monotonicMs } = this.settings;
    const known = this.#storeClock;
    return known === undefined ? nowMs() : known.atMs + (monotonicMs() - known.monotonicMs);
  }

  #purse(tenant: TenantId, { rule, holder, name: ofCeiling }: Ceiling, limitMicros: bigint): Purse {
    const start = periodStart(rule.period, this.#nowMs());
    const name = `${tenant} ${start} ${ofCeiling}`;
    const known = this.#purses.get(name);
    if (known) return known;
    const { leases, monotonicMs, instances } = this.settings;
    const key = { tenant, budget: rule.id, holder, periodStart: start };
    const fresh = new Purse(key, limitMicros, rule.period, {
      leases,
      monotonicMs,
      shares: instances * slicesPerInstance,
    });
    this.#purses.set(name, fresh);
    return fresh;
  }
}

function tighter(seen: BudgetHold['seen'], leftMicros: bigint, limitMicros: bigint): BudgetHold['seen'] {
  const remainingCents = Number(leftMicros / microsPerCent);
  if (seen && seen.remainingCents <= remainingCents) return seen;
  return { class: leftMicros * 100n < limitMicros * economyPercent ? 'economy' : 'standard', remainingCents };
}

function refusal({ rule }: Applied<Budget>, why: string, nowMs: number): Refusal {
  if (why === 'unavailable' || why === 'other-period')
    return refuse('budget-exhausted', {
      param: rule.id,
      detail: 'lease_unavailable',
      message: `What this gateway held of budget ${rule.id} is spent, and more cannot be had while the database is out; try again shortly.`,
      retryAfterSeconds: 1,
    });
  const renews = periodEnd(rule.period, nowMs);
  return refuse('budget-exhausted', {
    param: rule.id,
    detail: why,
    message:
      renews === undefined
        ? `Budget ${rule.id} does not cover this request and does not renew; the tenant's administrators can raise it.`
        : `Budget ${rule.id} does not cover this request; it renews at ${new Date(renews).toISOString()}, or the tenant's administrators can raise it.`,
  });
}
