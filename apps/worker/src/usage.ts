import type { TenantId } from '@writ/domain';
import type { UsageStore } from '@writ/postgres';

export interface UsageParts {
  readonly store: UsageStore;
  readonly tenants: () => Promise<readonly TenantId[]>;
  readonly onProblem: (problem: string) => void;
}

/** A tenant far behind does not keep the others waiting: so many windows, then it is somebody else's turn. */
const windowsAtOnce = 20;

/**
 * Sums up what every tenant used since the last turn, and finds the thresholds of budgets that were passed. One tenant's
 * trouble is reported and the others go on. Returns how many records it read.
 */
export async function settleUsage({ store, tenants, onProblem }: UsageParts): Promise<number> {
  let records = 0;
  for (const tenant of await tenants()) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one tenant after the other bounds the load
      records += await settleTenant(store, tenant);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await store.passThresholds(tenant);
    } catch (cause) {
      onProblem(`usage of ${tenant}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  return records;
}

async function settleTenant(store: UsageStore, tenant: TenantId): Promise<number> {
  let records = 0;
  for (let window = 0; window < windowsAtOnce; window += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each window begins where the one before it ended
    const settled = await store.settle(tenant);
    records += settled.records;
    if (!settled.isUpToDate) continue;
    // oxlint-disable-next-line no-await-in-loop -- once, at the end
    await store.reconcile(tenant);
    break;
  }
  return records;
}
