import { parseRecordId } from '@writ/domain';
import { type Clock, type Log } from '@writ/platform';
import { planePool, postgresLedgerStore, retentionStore, tenantsWithLogs, workIndex } from '@writ/postgres';
import { openJobs } from '@writ/redis';
import { jobClasses } from './jobs/classes.js';
import { entrySeal } from './jobs/entry-seal.js';
import { runJobHouse } from './jobs/house.js';
import type { JobMeasures } from './jobs/measures.js';
import { backendOf } from './jobs/backend.js';
import { JobFailed, type JobHandler } from './jobs/runtime.js';
import { runSchedule } from './jobs/schedule.js';
import { masterKeyIn } from './keys.js';
import type { RunningRole } from './repeat.js';
import { type RetentionParts, eraseByOrder, eraseByOrders, retain } from './retention.js';
import type { WorkerSettings } from './settings.js';
import { writingGround } from './writing-ground.js';

const pruneEveryMs = 60 * 60 * 1000;
/** Orders are carried out when they are given; this finds the keys that a restore of the database brought back. */
const eraseEveryMs = 5 * 60 * 1000;

/**
 * The role `retention`: the jobs that delete, under the login that may. They are enqueued for every tenant with a log, those
 * that have left as well, and shared out, retried and given up like every other job.
 */
export function runRetention(settings: WorkerSettings, clock: Clock, log: Log, measures: JobMeasures): RunningRole {
  const ground = writingGround('retention', settings, clock, log);
  const { plane } = ground;
  const onProblem = (problem: string): void => log.warn({ role: 'retention' }, problem);
  const onLost = (cause: Error): void => onProblem(cause.message);
  const reading = planePool('writ_exporter', { url: settings.exporterDatabaseUrl ?? '', max: 4, onLost });
  const pruning = planePool('writ_retention', { url: settings.retentionDatabaseUrl ?? '', max: 4, onLost });
  const parts = { ...ground, reading, retention: retentionStore(pruning), store: postgresLedgerStore(plane), clock };
  const told = (tenant: string, gone: number, what: string): void => {
    if (gone > 0) log.info({ role: 'retention', tenant, gone }, what);
  };
  const house = runJobHouse({
    open: () =>
      openJobs({ backend: backendOf(settings), onProblem: (what, cause) => onProblem(`${what}: ${String(cause)}`) }),
    index: workIndex(plane),
    seal: entrySeal(masterKeyIn(settings.masterKeyFile ?? '')),
    clock,
    random: () => Math.random(),
    reached: () => undefined,
    handlers: [
      { job: jobClasses.retention, handler: pruneJob(parts, told) },
      { job: jobClasses.erasure, handler: eraseJob(parts, told) },
    ],
    measures,
    onProblem,
  });
  const schedule = runSchedule({
    plane,
    clock,
    tenants: () => tenantsWithLogs(plane),
    chores: [
      { queue: 'retention', kind: 'prune', everyMs: pruneEveryMs },
      { queue: 'erasure', kind: 'again', everyMs: eraseEveryMs },
    ],
    onProblem,
  });
  return {
    async stop() {
      await schedule.stop();
      await house.stop();
      await ground.close();
      await Promise.allSettled([reading.close(), pruning.close()]);
    },
  };
}

type Told = (tenant: string, gone: number, what: string) => void;

/** One turn of a tenant's retention: the order first, then the deletions that it covers. */
export function pruneJob(parts: RetentionParts, told: Told): JobHandler {
  return async ({ tenant, signal }) => {
    told(tenant.tenant, await retain(tenant.tenant, parts, signal), 'expired records were pruned');
  };
}

/** Carries out the order that the job names, or every order in the log. */
export function eraseJob(parts: Parameters<typeof eraseByOrders>[1], told: Told): JobHandler {
  return async ({ tenant: { tenant }, payload }) => {
    const named = payload['order'];
    const order = typeof named === 'string' ? parseRecordId(named) : undefined;
    if (order?.ok === false) throw new JobFailed('the job names no order', false);
    const destroyed = order === undefined ? eraseByOrders(tenant, parts) : eraseByOrder(tenant, order.value, parts);
    told(tenant, await destroyed, 'keys of erased subjects were destroyed');
  };
}
