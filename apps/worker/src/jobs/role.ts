import type { Clock, Log } from '@writ/platform';
import { planePool, tenantsWithLogs, workIndex } from '@writ/postgres';
import { openJobs } from '@writ/redis';
import { masterKeyIn } from '../keys.js';
import type { RunningRole } from '../repeat.js';
import type { WorkerSettings } from '../settings.js';
import { jobClasses } from './classes.js';
import { entrySeal } from './entry-seal.js';
import { runJobHouse } from './house.js';
import { jobMeasures, serveMeasures } from './measures.js';
import { runSchedule } from './schedule.js';
import { type Upkeep, forgetting, upkeepHandler } from './upkeep.js';

const dayMs = 24 * 60 * 60 * 1000;

/** The role `jobs`: every class of jobs, the chores that come round, and the operators' listener. */
export function runJobs(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const onProblem = (problem: string): void => log.warn({ role: 'jobs' }, problem);
  const onLost = (cause: Error): void => onProblem(cause.message);
  const plane = planePool('writ_worker', { url: settings.databaseUrl ?? '', max: 8, onLost });
  const measures = jobMeasures();
  const upkeep: Readonly<Record<string, Upkeep>> = { forget: forgetting(plane) };
  const house = runJobHouse({
    open: () =>
      openJobs({ backend: backendOf(settings), onProblem: (what, cause) => onProblem(`${what}: ${String(cause)}`) }),
    index: workIndex(plane),
    seal: entrySeal(masterKeyIn(settings.masterKeyFile ?? '')),
    clock,
    random: () => Math.random(),
    reached: (point) => {
      if (point === settings.killAt) process.kill(process.pid, 'SIGKILL');
    },
    handlers: [{ job: jobClasses.upkeep, handler: upkeepHandler(upkeep) }],
    measures,
    onProblem,
  });
  const schedule = runSchedule({
    plane,
    clock,
    tenants: () => tenantsWithLogs(plane),
    chores: [{ queue: 'upkeep', kind: 'forget', everyMs: dayMs }],
    onProblem,
  });
  const listener = settings.managementPort === undefined ? undefined : serveMeasures(settings.managementPort, measures);
  if (settings.killAt !== undefined) log.error({ role: 'jobs', killAt: settings.killAt }, 'this worker ends itself');
  return {
    async stop() {
      await schedule.stop();
      await house.stop();
      listener?.close();
      await plane.close();
    },
  };
}

function backendOf({ queueBackend, redisUrl = '', queueDatabaseUrl = '' }: WorkerSettings) {
  return queueBackend === 'redis'
    ? { kind: 'redis' as const, url: redisUrl }
    : { kind: 'postgres' as const, url: queueDatabaseUrl };
}
