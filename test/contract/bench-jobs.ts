// npm run bench:jobs -- [--jobs 2000] [--loud 20000] [--records 4000]
// Jobs a second of each class on both queue backends; how long a quiet tenant waits beside a loud one; memory while a log is
// exported. The figures of a busy machine say little: run it alone.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TenantContext } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { type PlanePool, withTenant, workIndex } from '@writ/postgres';
import { type QueueBackend, openJobs } from '@writ/redis';
import { type JobClass, type JobRun, jobClasses, jobMeasures, runJobHouse } from '@writ/worker';
import { type TestDatabase, startDatabase } from './database.js';
import { exportBench } from './bench-export.js';
import { seal } from './job-room.js';
import { startServer } from './limits-room.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '2000' },
    loud: { type: 'string', default: '20000' },
    records: { type: 'string', default: '4000' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Rows as \`enqueue\` makes them, many in one statement. */
async function enqueueMany(plane: PlanePool, tenant: TenantContext, queue: string, count: number): Promise<void> {
  const text = `SELECT count(control.enqueue($1, gen_random_uuid(), $2, '{}', 0, 1)) FROM generate_series(1, $3::int)`;
  for (let left = count; left > 0; left -= 5_000)
    await withTenant(plane, tenant, ({ query }) => query(text, [tenant.tenant, queue, Math.min(5_000, left)]));
}

function house(plane: PlanePool, backend: QueueBackend, job: JobClass, handler: (run: JobRun) => Promise<void>) {
  return runJobHouse({
    open: () => openJobs({ backend, onProblem: (what) => say(`  ${what}`) }),
    index: workIndex(plane),
    seal,
    clock: systemClock,
    random: Math.random,
    reached: () => undefined,
    handlers: [{ job, handler }],
    measures: jobMeasures(),
    onProblem: (problem) => say(`  ${problem}`),
  });
}

async function throughput(plane: PlanePool, tenants: readonly TenantContext[], backend: QueueBackend): Promise<void> {
  const jobs = Number(values.jobs);
  for (const job of Object.values(jobClasses)) {
    for (const tenant of tenants) await enqueueMany(plane, tenant, job.queue, Math.ceil(jobs / tenants.length));
    const done = Promise.withResolvers<void>();
    let left = Math.ceil(jobs / tenants.length) * tenants.length;
    const total = left;
    const from = performance.now();
    const cpu = process.cpuUsage();
    const running = house(plane, backend, job, async ({ finish }) => {
      await finish();
      left -= 1;
      if (left === 0) done.resolve();
    });
    await done.promise;
    const ms = performance.now() - from;
    const used = process.cpuUsage(cpu);
    const cpuMs = (used.user + used.system) / 1_000 / total;
    say(
      `${backend.kind.padEnd(9)} ${job.queue.padEnd(8)} ${Math.round((total / ms) * 1_000)} jobs/s, ${cpuMs.toFixed(2)} ms of CPU each in this process`,
    );
    await running.stop();
  }
}

/** p50 and p99 of what a job of the quiet tenant waits from its commit to its begin. */
async function waits(plane: PlanePool, quiet: TenantContext, backend: QueueBackend): Promise<readonly number[]> {
  const waited: number[] = [];
  const begun = new Map<string, () => void>();
  const running = house(plane, backend, { ...jobClasses.notify, queue: 'notify' }, async ({ id }) => {
    begun.get(id)?.();
    // What a small delivery takes.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  const warm = performance.now() + 1_000;
  for (let n = 0; n < 150;) {
    const id = randomUUID();
    const at = Promise.withResolvers<void>();
    begun.set(id, at.resolve);
    await withTenant(plane, quiet, ({ query }) =>
      query(`SELECT control.enqueue($1, $2, 'notify', '{}', 0, 1)`, [quiet.tenant, id]),
    );
    const from = performance.now();
    await at.promise;
    if (from < warm) continue;
    waited.push(performance.now() - from);
    n += 1;
  }
  await running.stop();
  return waited.toSorted((one, two) => one - two);
}

const at = (sorted: readonly number[], part: number): string =>
  `${(sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(0)} ms`;

async function fairness(database: TestDatabase, plane: PlanePool, backend: QueueBackend): Promise<void> {
  const [quiet, loud] = [await database.tenant(), await database.tenant()];
  // The baseline has company too: a tenant with as much work as keeps the workers busy, and no more.
  const alone = await waits(plane, quiet, backend);
  await enqueueMany(plane, loud, 'notify', Number(values.loud));
  const beside = await waits(plane, quiet, backend);
  say(
    `${backend.kind.padEnd(9)} a quiet tenant waits p50 ${at(alone, 0.5)}, p99 ${at(alone, 0.99)} alone; p50 ${at(beside, 0.5)}, p99 ${at(beside, 0.99)} beside ${values.loud} jobs of another`,
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-bench-jobs-'));
  const [database, redis] = await Promise.all([startDatabase(), startServer()]);
  try {
    const plane = database.plane('writ_worker', 16);
    const tenants = await Promise.all(Array.from({ length: 8 }, () => database.tenant()));
    const backends: readonly QueueBackend[] = [
      { kind: 'redis', url: redis.url },
      { kind: 'postgres', url: database.server.url('writ_queue') },
    ];
    for (const backend of backends) await throughput(plane, tenants, backend);
    for (const backend of backends) await fairness(database, plane, backend);
    await exportBench(database, folder, Number(values.records), say);
  } finally {
    await database.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
process.exit(0);
