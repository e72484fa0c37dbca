import { parseTenantId, tenantOfJob } from '@writ/domain';
import type { Clock } from '@writ/platform';
import { type PlanePool, enqueue, eventSinks, withTenant } from '@writ/postgres';
import { type RunningRole, repeat } from '../repeat.js';
import { nextEvents } from './sinks.js';

const everyMs = 5_000;

/** Wakes every sink of events once a period, whichever worker is first; a sink that is up to date has nothing to do. */
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
      const period = Math.floor(clock.nowMs() / everyMs);
      for (const { tenant, sink } of await eventSinks(plane)) {
        const parsed = parseTenantId(tenant);
        if (!parsed.ok) continue;
        const context = tenantOfJob(parsed.value);
        // oxlint-disable-next-line no-await-in-loop -- one sink after the other bounds the load
        await withTenant(plane, context, ({ query }) =>
          enqueue(query, context.tenant, nextEvents(context, sink, `period/${period}`)),
        );
      }
    },
    onProblem,
  );
}
