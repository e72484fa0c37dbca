import { err, ok, type Result } from '@writ/domain';
import type { BudgetKey, BudgetLease, BudgetLeases, LeaseRefusal } from '@writ/redis';

interface Ceiling {
  spent: bigint;
  leased: bigint;
}

/** The durable truth about money, in memory: spent and leased together never pass a ceiling. */
export class BudgetLeasesTwin implements BudgetLeases {
  readonly #ceilings = new Map<string, Ceiling>();
  readonly #open = new Map<string, BudgetLease>();
  /** True while the database is out. */
  out = false;
  asked = 0;

  /** `clock` is the store's own; without one, every period is now. */
  constructor(private readonly clock?: () => number) {}

  nowMs(): Promise<number | undefined> {
    return Promise.resolve(this.out ? undefined : this.clock?.());
  }

  async lease(key: BudgetKey, ask: Parameters<BudgetLeases['lease']>[1]): Promise<Result<BudgetLease, LeaseRefusal>> {
    this.asked += 1;
    await Promise.resolve();
    if (this.out) return err('unavailable');
    if (this.clock && key.periodStart !== startOf(ask.period, this.clock())) return err('other-period');
    const ceiling = this.#ceiling(key);
    const left = ask.limitMicros - ceiling.spent - ceiling.leased;
    if (left < ask.leastMicros) return err('exhausted');
    const grantedMicros = left < ask.sliceMicros ? left : ask.sliceMicros;
    ceiling.leased += grantedMicros;
    const lease = { id: `lease-${this.asked}`, key, grantedMicros, remainingMicros: left - grantedMicros };
    this.#open.set(lease.id, lease);
    return ok(lease);
  }

  async settle(lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>> {
    await Promise.resolve();
    if (this.out) return err('unavailable');
    if (!this.#open.delete(lease.id)) return ok(false);
    const ceiling = this.#ceiling(lease.key);
    ceiling.leased -= lease.grantedMicros;
    ceiling.spent += spentMicros;
    return ok(true);
  }

  /** Spent and leased of every ceiling, by holder. */
  totals(): Readonly<Record<string, Ceiling>> {
    return Object.fromEntries([...this.#ceilings].map(([name, ceiling]) => [name, { ...ceiling }]));
  }

  #ceiling({ tenant, budget, holder, periodStart }: BudgetKey): Ceiling {
    const name = [tenant, budget, holder, periodStart].join(' ');
    const ceiling = this.#ceilings.get(name) ?? { spent: 0n, leased: 0n };
    this.#ceilings.set(name, ceiling);
    return ceiling;
  }
}

function startOf(period: 'day' | 'month' | 'total', atMs: number): number {
  const at = new Date(atMs);
  if (period === 'total') return 0;
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), period === 'day' ? at.getUTCDate() : 1);
}
