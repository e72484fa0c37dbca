import { UserErrorCode, userError } from './schema/building-blocks.js';

const windowMs = 10 * 60 * 1000;
const dialsPerWindow = 120;
const tenantsHeld = 10_000;

export const tooManyDials = userError(
  '',
  UserErrorCode.RATE_LIMITED,
  'Too many addresses were looked up for this tenant; wait ten minutes.',
);

/** How often this process resolves or dials what a tenant wrote: enough to configure, too few to scan a network with. */
export class DialBudget {
  private readonly spent = new Map<string, { readonly since: number; count: number }>();

  constructor(private readonly nowMs: () => number) {}

  /** False when the tenant's budget of the last ten minutes is spent. */
  take(tenant: string): boolean {
    const now = this.nowMs();
    const own = this.spent.get(tenant);
    if (own && now - own.since < windowMs) {
      own.count += 1;
      return own.count <= dialsPerWindow;
    }
    this.spent.delete(tenant);
    this.spent.set(tenant, { since: now, count: 1 });
    const [oldest] = this.spent.keys();
    if (this.spent.size > tenantsHeld && oldest !== undefined) this.spent.delete(oldest);
    return true;
  }
}
