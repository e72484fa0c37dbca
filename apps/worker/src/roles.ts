import { Worker } from 'node:worker_threads';
import type { Clock, Log } from '@writ/platform';
import {
  planePool,
  postgresLedgerStore,
  retentionStore,
  sweeperStore,
  tenantsWithLogs,
  usageStore,
} from '@writ/postgres';
import { eraseByOrders, retain } from './retention.js';
import type { WorkerSettings } from './settings.js';
import { type RunningRole, repeat } from './repeat.js';
import { sweep } from './sweeper.js';
import { settleUsage } from './usage.js';
import { writingGround } from './writing-ground.js';

const sweepMs = 5_000;
const usageMs = 2_000;
const retentionMs = 60 * 60 * 1000;
const erasureMs = 60 * 1000;

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

export function runRetention(settings: WorkerSettings, clock: Clock, log: Log): RunningRole {
  const ground = writingGround('retention', settings, clock, log);
  const { plane, onProblem } = ground;
  const onLost = (cause: Error): void => onProblem(cause.message);
  const reading = planePool('writ_exporter', { url: settings.exporterDatabaseUrl ?? '', max: 1, onLost });
  const pruning = planePool('writ_retention', { url: settings.retentionDatabaseUrl ?? '', max: 1, onLost });
  const parts = { ...ground, reading, retention: retentionStore(pruning), store: postgresLedgerStore(plane), clock };
  const erasing = repeat(
    clock,
    erasureMs,
    async () => {
      for (const tenant of await tenantsWithLogs(plane)) {
        // oxlint-disable-next-line no-await-in-loop -- one log after the other bounds the load
        const destroyed = await eraseByOrders(tenant, parts);
        if (destroyed > 0) log.info({ role: 'retention', tenant, destroyed }, 'keys of erased subjects were destroyed');
      }
    },
    onProblem,
  );
  const every = repeat(
    clock,
    retentionMs,
    async () => {
      for (const tenant of await tenantsWithLogs(plane)) {
        // oxlint-disable-next-line no-await-in-loop -- one log after the other bounds the load
        const pruned = await retain(tenant, parts);
        if (pruned > 0) log.info({ role: 'retention', tenant, pruned }, 'expired records were pruned');
      }
    },
    onProblem,
  );
  return {
    async stop() {
      await Promise.all([every.stop(), erasing.stop()]);
      await ground.close();
      await reading.close();
      await pruning.close();
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
