import { type Clock, type Log, guardedDispatcher } from '@writ/platform';
import { livingTenants, planePool, tenantVersions, tenantsWithLogs, workIndex } from '@writ/postgres';
import { openJobs } from '@writ/redis';
import { scheduleEvents } from '../delivery/schedule-events.js';
import { deliverJob, notifyJob } from '../delivery/sinks.js';
import { exportHandler } from '../exports/export-handler.js';
import { masterKeyIn } from '../keys.js';
import type { RunningRole } from '../repeat.js';
import { ownPath } from '../review/own-path.js';
import { reviewer } from '../review/reviewer.js';
import type { WorkerSettings } from '../settings.js';
import { writingGround } from '../writing-ground.js';
import { backendOf } from './backend.js';
import { checking, outsideCheck } from './checks.js';
import { jobClasses } from './classes.js';
import { entrySeal } from './entry-seal.js';
import { runJobHouse } from './house.js';
import type { JobMeasures } from './measures.js';
import { runSchedule } from './schedule.js';
import { migrateJob, scheduleMigrations } from './tenancy.js';
import { type Upkeep, forgetting, upkeepHandler } from './upkeep.js';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** The role `jobs`: every class of jobs but those that delete, and the chores that come round. */
export function runJobs(settings: WorkerSettings, clock: Clock, log: Log, measures: JobMeasures): RunningRole {
  const onProblem = (problem: string): void => log.warn({ role: 'jobs' }, problem);
  const onLost = (cause: Error): void => onProblem(cause.message);
  const plane = planePool('writ_worker', { url: settings.databaseUrl ?? '', max: 8, onLost });
  const ground = writingGround('jobs', settings, clock, log);
  const own = ownPath(settings, ground, clock);
  const reading = planePool('writ_exporter', { url: settings.exporterDatabaseUrl ?? '', max: 4, onLost });
  const egress = guardedDispatcher({ allowHosts: settings.egressAllowHosts, connectMs: 3_000, headersMs: 15_000 });
  const delivery = { ...ground, plane, reading, egress, allowHosts: settings.egressAllowHosts, clock };
  const reached = (point: WorkerSettings['killAt'] & string): void => {
    if (point === settings.killAt) process.kill(process.pid, 'SIGKILL');
  };
  const versions = tenantVersions(plane);
  const upkeep: Readonly<Record<string, Upkeep>> = {
    forget: forgetting(plane),
    check: checking(plane, outsideCheck(egress, settings.nameServers)),
  };
  const house = runJobHouse({
    open: () =>
      openJobs({ backend: backendOf(settings), onProblem: (what, cause) => onProblem(`${what}: ${String(cause)}`) }),
    index: workIndex(plane),
    seal: entrySeal(masterKeyIn(settings.masterKeyFile ?? '')),
    clock,
    random: () => Math.random(),
    reached,
    handlers: [
      { job: jobClasses.upkeep, handler: upkeepHandler(upkeep) },
      { job: jobClasses.export, handler: exportHandler(settings, { ...ground, plane, reading, clock, reached }) },
      { job: jobClasses.notify, handler: notifyJob(delivery) },
      { job: jobClasses.deliver, handler: deliverJob(delivery) },
      { job: jobClasses.tenancy, handler: migrateJob(versions) },
      { job: jobClasses.review, handler: reviewer({ ...ground, ...own, plane, clock }) },
    ],
    measures,
    onProblem,
  });
  const schedule = runSchedule({
    plane,
    clock,
    tenants: () => livingTenants(plane),
    chores: [{ queue: 'upkeep', kind: 'check', everyMs: hourMs }],
    onProblem,
  });
  // Those that have left too: their logs are still pruned, by jobs whose rows must go.
  const forgetful = runSchedule({
    plane,
    clock,
    tenants: () => tenantsWithLogs(plane),
    chores: [{ queue: 'upkeep', kind: 'forget', everyMs: dayMs }],
    onProblem,
  });
  const migrations = scheduleMigrations({ plane, versions, clock, onProblem });
  const events = scheduleEvents({ plane, clock, onProblem });
  if (settings.killAt !== undefined) log.error({ role: 'jobs', killAt: settings.killAt }, 'this worker ends itself');
  return {
    async stop() {
      await Promise.all([schedule.stop(), forgetful.stop(), migrations.stop(), events.stop()]);
      await house.stop();
      await own.close();
      await ground.close();
      await Promise.allSettled([egress.close(), reading.close()]);
      await plane.close();
    },
  };
}
