import type { TenantId } from '@writ/domain';
import type { TenantWithWork } from '@writ/postgres';

export interface Share {
  readonly tenant: TenantId;
  /** In units of cost. */
  readonly budget: number;
  /** In jobs. */
  readonly most: number;
}

/**
 * Deficit round-robin (Shreedhar and Varghese, 1995) over the tenants with work. Each turn gives every tenant in line a
 * quantum of cost; what it could not use because its next job is larger is kept, what it had no work for is not. No
 * tenant gets more than its cap in flight, so a million jobs of one leave room for the first of another.
 */
export class FairShare {
  readonly #quantum: number;
  readonly #perTenant: number;
  readonly #deficits = new Map<TenantId, number>();
  /** Whose turn was last; the next plan begins behind it. */
  #last: TenantId | undefined;

  constructor(quantum: number, perTenant: number) {
    this.#quantum = quantum;
    this.#perTenant = perTenant;
  }

  /** Budgets that fit into `room` entries, tenant by tenant from where the last plan ended. */
  plan(found: readonly TenantWithWork[], room: number): readonly Share[] {
    const inLine = this.#inLine(found);
    const shares = new Map<TenantId, Share>();
    let left = room;
    for (let gave = true; gave && left > 0;) {
      gave = false;
      for (const { tenant, waiting, inFlight } of inLine) {
        const cap = Math.min(waiting, this.#perTenant - inFlight);
        const had = shares.get(tenant) ?? { tenant, budget: this.#deficits.get(tenant) ?? 0, most: 0 };
        if (had.most >= cap || left <= 0) continue;
        const more = Math.min(this.#quantum, cap - had.most, left);
        shares.set(tenant, { tenant, budget: had.budget + this.#quantum, most: had.most + more });
        left -= more;
        this.#last = tenant;
        gave = true;
      }
    }
    return [...shares.values()];
  }

  /** What each tenant's jobs cost in the end. A large job that did not fit is paid for over several turns. */
  settle(plan: readonly Share[], taken: readonly { readonly tenant: TenantId; readonly cost: number }[]): void {
    const spent = new Map<TenantId, number>();
    for (const { tenant, cost } of taken) spent.set(tenant, (spent.get(tenant) ?? 0) + cost);
    for (const { tenant, budget } of plan) {
      const cost = spent.get(tenant);
      this.#deficits.set(tenant, cost === undefined ? budget : Math.min(budget - cost, this.#quantum));
    }
  }

  #inLine(found: readonly TenantWithWork[]): readonly TenantWithWork[] {
    const ready = found.filter(({ waiting, inFlight }) => waiting > 0 && inFlight < this.#perTenant);
    const present = new Set(ready.map(({ tenant }) => tenant));
    for (const tenant of this.#deficits.keys()) if (!present.has(tenant)) this.#deficits.delete(tenant);
    const sorted = ready.toSorted((one, two) => (one.tenant < two.tenant ? -1 : 1));
    const begin = sorted.findIndex(({ tenant }) => this.#last !== undefined && tenant > this.#last);
    return begin <= 0 ? sorted : [...sorted.slice(begin), ...sorted.slice(0, begin)];
  }
}
