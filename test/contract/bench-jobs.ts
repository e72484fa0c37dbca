// npm run bench:jobs -- [--jobs 2000] [--loud 20000] [--records 100000] [--only throughput,fairness,export,prune]
// Jobs a second of each class on both queue backends; how long a quiet tenant waits beside a loud one; memory while a log is
// exported and pruned. The figures of a busy machine say little: run it alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TenantContext } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { type PlanePool, workIndex } from '@writ/postgres';
import { type QueueBackend, openJobs } from '@writ/redis';
import { jobClasses, jobMeasures, runJobHouse } from '@writ/worker';
import type { Client } from 'pg';
import { startDatabase } from './database.js';
import { type House, fairness, loadJobs } from './bench-fairness.js';
import { recordsBench } from './bench-records.js';
import { seal } from './job-room.js';
import { startServer } from './limits-room.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '2000' },
    loud: { type: 'string', default: '20000' },
    records: { type: 'string', default: '100000' },
    only: { type: 'string', default: 'throughput,fairness,export,prune' },
  },
});
const isAsked = (part: string): boolean => values.only.split(',').includes(part);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function houseOf(plane: PlanePool): House {
  return (backend, job, handler) =>
    runJobHouse({
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

async function throughput(
  admin: Client,
  house: House,
  tenants: readonly TenantContext[],
  backend: QueueBackend,
): Promise<void> {
  const jobs = Number(values.jobs);
  for (const job of Object.values(jobClasses)) {
    for (const tenant of tenants) await loadJobs(admin, tenant, job.queue, Math.ceil(jobs / tenants.length));
    const done = Promise.withResolvers<void>();
    let left = Math.ceil(jobs / tenants.length) * tenants.length;
    const total = left;
    const from = performance.now();
    const cpu = process.cpuUsage();
    const running = house(backend, job, async ({ finish }) => {
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

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-bench-jobs-'));
  const [database, redis] = await Promise.all([
    startDatabase(['max_wal_size=8GB', 'maintenance_work_mem=256MB']),
    startServer(),
  ]);
  try {
    const plane = database.plane('writ_worker', 16);
    const tenants = await Promise.all(Array.from({ length: 8 }, () => database.tenant()));
    const backends: readonly QueueBackend[] = [
      { kind: 'redis', url: redis.url },
      { kind: 'postgres', url: database.server.url('writ_queue') },
    ];
    const house = houseOf(plane);
    const admin = await database.session('postgres');
    if (isAsked('throughput')) for (const backend of backends) await throughput(admin, house, tenants, backend);
    if (isAsked('fairness')) await fairness(database, plane, house, backends, Number(values.loud), say);
    const parts = ['export', 'prune'].filter(isAsked);
    if (parts.length > 0) await recordsBench(database, folder, Number(values.records), parts, say);
  } finally {
    await database.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
process.exit(0);
