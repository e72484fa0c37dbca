import { type TenantContext, parseTenantId, tenantOfJob } from '@writ/domain';
import type { Clock } from '@writ/platform';
import { type PlanePool, type TenantTransaction, enqueue, eventSinks, withTenant } from '@writ/postgres';
import { type RunningRole, repeat } from '../repeat.js';
import { nextEvents } from './sinks.js';

const everyMs = 5_000;

/**
 * Wakes every sink of events that is behind its log, whichever worker is first. The job's id is its cursor: while a receiver
 * takes nothing there is one job, waiting or given up, and not one for each look.
 */
export function scheduleEvents(parts: {
  readonly plane: PlanePool;
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}): RunningRole {
  const { plane, clock, onProblem } = parts;
  return repeat(
    clock,
    everyMs,
    async () => {
      for (const { tenant, sink } of await eventSinks(plane)) {
        const parsed = parseTenantId(tenant);
        if (!parsed.ok) continue;
        const context = tenantOfJob(parsed.value);
        // oxlint-disable-next-line no-await-in-loop -- one sink after the other bounds the load
        await withTenant(plane, context, (transaction) => wake(transaction, context, sink));
      }
    },
    onProblem,
  );
}

async function wake({ query, schema }: TenantTransaction, tenant: TenantContext, sink: string): Promise<void> {
  const [row] = await query<{ cursor: string; behind: boolean }>(
    `SELECT cursor, cursor < coalesce((SELECT max(size_after) FROM ${schema}.batch), 0) AS behind FROM control.sink WHERE id = $1`,
    [sink],
  );
  if (row?.behind === true) await enqueue(query, tenant.tenant, nextEvents(tenant, sink, Number(row.cursor)));
}
