import { Worker } from 'node:worker_threads';
import type { Clock, Log } from '@writ/platform';
import { planePool, sweeperStore, tenantsWithLogs, usageStore } from '@writ/postgres';
import type { WorkerSettings } from './settings.js';
import { type RunningRole, repeat } from './repeat.js';
import { sweep } from './sweeper.js';
import { settleUsage } from './usage.js';
import { writingGround } from './writing-ground.js';

const sweepMs = 5_000;
const usageMs = 2_000;

export function runSweeper(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const ground = writingGround('sweeper', settings, clock, log);
  const { plane, ledger, logs, onProblem } = ground;
  const every = repeat(
    clock,
    sweepMs,
    async () => {
      const closed = await sweep({ store: sweeperStore(plane), ledger, logs, clock, onProblem });
      if (closed > 0) log.warn({ role: 'sweeper', closed }, 'decisions of ended writers were closed');
    },
    onProblem,
  );
  return {
    async stop() {
      await every.stop();
      await ground.close();
    },
  };
}

/** Writes no record of its own: it reads the ledger and sums up, under the login alone. */
export function runUsage(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const onProblem = (problem: string): void => log.error({ role: 'usage' }, problem);
  const plane = planePool('writ_worker', {
    url: settings.databaseUrl ?? '',
    max: 2,
    onLost: (cause) => onProblem(cause.message),
  });
  const store = usageStore(plane);
  const every = repeat(
    clock,
    usageMs,
    async () => {
      await settleUsage({ store, tenants: () => tenantsWithLogs(plane), onProblem });
    },
    onProblem,
  );
  return {
    async stop() {
      await every.stop();
      await plane.close();
    },
  };
}

/** In a thread of its own; one that fails is reported and started again. */
export function runAuditor(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  let isStopping = false;
  let thread = start();
  function start(): Worker {
    const made = new Worker(new URL('./auditor-thread.js', import.meta.url), { workerData: settings });
    made.on('error', (cause) => log.error({ role: 'auditor' }, cause instanceof Error ? cause.message : String(cause)));
    made.on('exit', () => {
      if (!isStopping) void clock.after(1_000).elapsed.then(() => (thread = isStopping ? thread : start()));
    });
    return made;
  }
  return {
    async stop() {
      isStopping = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      thread.once('exit', () => resolve());
      thread.postMessage('stop', []);
      const late = clock.after(5_000);
      await Promise.race([promise, late.elapsed.then(() => thread.terminate())]);
      late.cancel();
    },
  };
}
