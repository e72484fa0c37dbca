import { randomUUID } from 'node:crypto';
import type { TenantContext } from '@writ/domain';
import { type PlanePool, schemaOf, withTenant } from '@writ/postgres';
import type { QueueBackend } from '@writ/redis';
import { type JobClass, type JobRun, jobClasses } from '@writ/worker';
import type { Client } from 'pg';
import type { TestDatabase } from './database.js';

/** Runs the jobs of one class on one backend, until it is stopped. */
export type House = (
  backend: QueueBackend,
  job: JobClass,
  handler: (run: JobRun) => Promise<void>,
) => { stop(): Promise<void> };

const warmMs = 1_000;
/** What a small delivery takes. */
const workMs = 5;
/** The operators' measures are read every fifteen seconds: a shorter round would not always meet one. */
const roundMs = 20_000;
const jobsAtLeast = 150;

/** Rows as `control.enqueue` makes them, in two statements of the database's owner. */
export async function loadJobs(admin: Client, tenant: TenantContext, queue: string, count: number): Promise<void> {
  await admin.query(
    `WITH made AS (INSERT INTO ${schemaOf(tenant.tenant)}.outbox (tenant_id, id, queue, payload)
       SELECT $1::uuid, gen_random_uuid(), $2, '{}' FROM generate_series(1, $3::int) RETURNING id, due_at)
     INSERT INTO control.work (id, tenant_id, queue, due_at) SELECT id, $1::uuid, $2, due_at FROM made`,
    [tenant.tenant, queue, count],
  );
}

/**
 * What a job of a quiet tenant waits from its commit to its begin: alone, and beside so many jobs of another. Alone means an
 * idle dispatcher, which looks every fifth of a second.
 */
export async function fairness(
  database: TestDatabase,
  plane: PlanePool,
  house: House,
  backends: readonly QueueBackend[],
  loudJobs: number,
  say: (line: string) => void,
): Promise<void> {
  const [quiet, loud] = [await database.tenant(), await database.tenant()];
  const alone = new Map<string, readonly number[]>();
  for (const backend of backends) alone.set(backend.kind, (await waits(plane, quiet, house, backend)).waited);
  const from = performance.now();
  await loadJobs(await database.session('postgres'), loud, 'notify', loudJobs);
  say(`${loudJobs} jobs of one tenant stored in ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  for (const backend of backends) {
    const { waited, othersASecond } = await waits(plane, quiet, house, backend);
    const before = alone.get(backend.kind) ?? [];
    const times = at(waited, 0.99) / at(before, 0.99);
    say(
      `${backend.kind.padEnd(9)} a quiet tenant waits ${told(before)} alone, ${told(waited)} beside ${loudJobs} jobs of another (${Math.round(othersASecond)}/s of them meanwhile): p99 ${times.toFixed(2)} times (at most 2)`,
    );
  }
}

async function waits(
  plane: PlanePool,
  quiet: TenantContext,
  house: House,
  backend: QueueBackend,
): Promise<{ readonly waited: readonly number[]; readonly othersASecond: number }> {
  const waited: number[] = [];
  const begun = new Map<string, () => void>();
  let others = 0;
  const running = house(backend, jobClasses.notify, async ({ id }) => {
    const own = begun.get(id);
    if (own === undefined) others += 1;
    else own();
    await new Promise((resolve) => setTimeout(resolve, workMs));
  });
  const start = performance.now();
  while (performance.now() < start + warmMs + roundMs || waited.length < jobsAtLeast) {
    const id = randomUUID();
    const at = Promise.withResolvers<void>();
    begun.set(id, at.resolve);
    await withTenant(plane, quiet, ({ query }) =>
      query(`SELECT control.enqueue($1, $2, 'notify', '{}', 0, 1)`, [quiet.tenant, id]),
    );
    const from = performance.now();
    await at.promise;
    if (from > start + warmMs) waited.push(performance.now() - from);
  }
  const seconds = (performance.now() - start) / 1_000;
  await running.stop();
  return { waited: waited.toSorted((one, two) => one - two), othersASecond: others / seconds };
}

const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
const told = (sorted: readonly number[]): string =>
  `p50 ${at(sorted, 0.5).toFixed(0)} ms, p99 ${at(sorted, 0.99).toFixed(0)} ms`;
