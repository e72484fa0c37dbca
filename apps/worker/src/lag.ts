import type { createMetrics, Log } from '@writ/platform';
import { type LedgerLag, ledgerLag, planePool, type PlanePool } from '@writ/postgres';
import type { RunningRole } from './repeat.js';
import type { WorkerSettings } from './settings.js';

type Metrics = Pick<ReturnType<typeof createMetrics>, 'gauge'>;

/**
 * How far the tree and its checkpoints are behind what is committed; asked of the database when Prometheus asks. While the
 * database is out they are not there at all, which is told apart from "nothing waits".
 */
export function registerLag(metrics: Metrics, plane: PlanePool, onProblem: (problem: string) => void): void {
  let asked: Promise<LedgerLag | undefined> | undefined;
  // One question for all of them, however they are collected.
  const lag = (): Promise<LedgerLag | undefined> =>
    (asked ??= ledgerLag(plane)
      .catch((cause: unknown) => {
        onProblem(`the ledger's lag cannot be read: ${String(cause)}`);
        return undefined;
      })
      .finally(() => {
        asked = undefined;
      }));
  const gauge = (name: string, help: string, read: (of: LedgerLag) => number | undefined): void => {
    metrics.gauge(name, help, [], {
      across: 'max',
      async collect(one) {
        const found = await lag();
        const value = found && read(found);
        if (value === undefined) one.remove();
        else one.set(value);
      },
    });
  };
  gauge('writ_chain_lag_records', 'Records that are committed and in no tree yet', ({ records }) => records);
  gauge('writ_chain_lag_seconds', 'How long the oldest of them has waited', ({ oldestMs }) => oldestMs / 1_000);
  gauge('writ_checkpoint_age_seconds', 'Since the newest checkpoint over all logs was signed', ({ checkpointAgeMs }) =>
    checkpointAgeMs === undefined ? undefined : checkpointAgeMs / 1_000,
  );
  gauge(
    'writ_budget_written_off_micros',
    'Written off for dead processes, and not yet counted by the ledger',
    ({ writtenOffMicros }) => writtenOffMicros,
  );
}

/** Lends the operators' listener a connection of its own. A process that has no `writ_worker` login has nothing to say of it. */
export function runLag({ databaseUrl, managementPort }: WorkerSettings, metrics: Metrics, log: Log): RunningRole {
  if (databaseUrl === undefined || managementPort === undefined) return { stop: () => Promise.resolve() };
  const onProblem = (problem: string): void => log.warn({ role: 'lag' }, problem);
  const plane = planePool('writ_worker', { url: databaseUrl, max: 1, onLost: (cause) => onProblem(cause.message) });
  registerLag(metrics, plane, onProblem);
  return { stop: () => plane.close() };
}
