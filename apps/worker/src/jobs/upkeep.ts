import type { PlanePool } from '@writ/postgres';
import { withTenant } from '@writ/postgres';
import { JobFailed, type JobHandler, type JobRun } from './runtime.js';

export type Upkeep = (run: JobRun) => Promise<void>;

/** The small chores, by their kind. */
export function upkeepHandler(kinds: Readonly<Record<string, Upkeep>>): JobHandler {
  return async (run) => {
    const { kind } = run.payload;
    const work = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (work === undefined) throw new JobFailed('this worker knows no upkeep of that kind', false);
    await work(run);
  };
}

const doneDays = 7;
const rowsAtOnce = 5_000;

/** Rows of jobs that were done a week ago go, until then they keep a job from being done twice; and reviews that bind nobody. */
export function forgetting(plane: PlanePool): Upkeep {
  return async ({ tenant, signal }) => {
    for (let gone = rowsAtOnce; gone === rowsAtOnce && !signal.aborted;) {
      // oxlint-disable-next-line no-await-in-loop -- small transactions, one after the other
      const [row] = await withTenant(plane, tenant, ({ query }) =>
        query<{ gone: number }>('SELECT control.forget_work($1, $2, $3) AS gone', [
          tenant.tenant,
          doneDays,
          rowsAtOnce,
        ]),
      );
      gone = row?.gone ?? 0;
    }
    for (let gone = rowsAtOnce; gone === rowsAtOnce && !signal.aborted;) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const [row] = await withTenant(plane, tenant, ({ query }) =>
        query<{ gone: number }>('SELECT control.forget_reviews($1, $2) AS gone', [tenant.tenant, rowsAtOnce]),
      );
      gone = row?.gone ?? 0;
    }
  };
}
