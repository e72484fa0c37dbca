import type { JsonObject, TenantId } from '@writ/domain';
import { tenantOfJob } from '@writ/domain';
import type { Clock } from '@writ/platform';
import { type PlanePool, enqueue, jobIdOf, withTenant } from '@writ/postgres';
import { type RunningRole, repeat } from '../repeat.js';

/** Something that every tenant is due for, again and again. */
export interface Chore {
  readonly queue: string;
  readonly kind: string;
  readonly everyMs: number;
  readonly payload?: JsonObject;
}

const lookMs = 5_000;

/**
 * Enqueues each chore once for each tenant and period, however many workers are at it: the job's id is derived from the
 * period. Tenants are spread over the period by their ids, so that they do not all begin at once.
 */
export function runSchedule(parts: {
  readonly plane: PlanePool;
  readonly clock: Clock;
  readonly chores: readonly Chore[];
  readonly tenants: () => Promise<readonly TenantId[]>;
  readonly onProblem: (problem: string) => void;
}): RunningRole {
  const { plane, clock, chores, tenants, onProblem } = parts;
  const known = new Map<string, number>();
  return repeat(
    clock,
    lookMs,
    async () => {
      const all = await tenants();
      for (const chore of chores) {
        for (const tenant of all) {
          const period = periodOf(tenant, chore.everyMs, clock.nowMs());
          const name = `${chore.queue}/${chore.kind}/${tenant}`;
          if (known.get(name) === period) continue;
          const payload = { ...chore.payload, kind: chore.kind };
          const id = jobIdOf(tenant, chore.queue, `${chore.kind}/${period}`);
          // oxlint-disable-next-line no-await-in-loop -- one tenant after the other bounds the load
          await withTenant(plane, tenantOfJob(tenant), ({ query }) =>
            enqueue(query, tenant, { id, queue: chore.queue, payload }),
          );
          known.set(name, period);
        }
      }
    },
    onProblem,
  );
}

/** The number of the period that this moment is in, each tenant's shifted by its own part of one. */
export function periodOf(tenant: TenantId, everyMs: number, nowMs: number): number {
  const shift = Number.parseInt(tenant.slice(0, 8), 16) / 0x1_0000_0000;
  return Math.floor(nowMs / everyMs + shift);
}
