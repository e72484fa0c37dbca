import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import { FairShare, type Share } from './fair-share.js';

const [a, b, c] = ['a', 'b', 'c'] as unknown as [TenantId, TenantId, TenantId];
const waits = (tenant: TenantId, waiting: number, inFlight = 0) => ({ tenant, waiting, inFlight });

const most = (plan: readonly Share[]) => plan.map((share) => share.most);

describe('the fair share', () => {
  it('gives every tenant with work the same, however much each has', () => {
    expect(most(new FairShare(1, 100).plan([waits(a, 1_000_000), waits(b, 3), waits(c, 3)], 9))).toEqual([3, 3, 3]);
  });

  it('gives what others do not need to whoever has work', () => {
    expect(most(new FairShare(1, 100).plan([waits(a, 1_000), waits(b, 1)], 6))).toEqual([5, 1]);
  });

  it('keeps a tenant at its cap in flight', () => {
    const plan = new FairShare(2, 4).plan([waits(a, 1_000, 3), waits(b, 1_000, 4)], 50);
    expect(plan).toEqual([{ tenant: a, budget: 2, most: 1 }]);
  });

  it('begins behind the tenant it ended with, so that a small room is shared over the turns', () => {
    const share = new FairShare(1, 100);
    const crowd = [waits(a, 9), waits(b, 9), waits(c, 9)];
    const turns = [share.plan(crowd, 1), share.plan(crowd, 1), share.plan(crowd, 1), share.plan(crowd, 1)];
    expect(turns.map(([first]) => first?.tenant)).toEqual([a, b, c, a]);
  });

  it('saves up for a job that is larger than one quantum', () => {
    const share = new FairShare(2, 100);
    const turn = () => {
      const plan = share.plan([waits(a, 1)], 9);
      const fits = (plan[0]?.budget ?? 0) >= 5;
      share.settle(plan, fits ? [{ tenant: a, cost: 5 }] : []);
      return fits;
    };
    expect([turn(), turn(), turn()]).toEqual([false, false, true]);
  });
});
