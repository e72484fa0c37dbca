import { parentPort, workerData } from 'node:worker_threads';
import { rawPublicKey } from '@writ/ledger';
import { createLog, systemClock } from '@writ/platform';
import { placeIntegrityHold, planePool, tenantsWithLogs } from '@writ/postgres';
import { Auditor } from './auditor.js';
import { publicKeyIn } from './keys.js';
import { repeat } from './repeat.js';
import type { WorkerSettings } from './settings.js';

/** Verifying is heavy and synchronous, so it has a thread of its own and delays no checkpoint. */
const examineMs = 1_000;
const rehashMs = 30_000;
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

const settings = workerData as WorkerSettings;
const log = createLog('worker', settings.logLevel);
const onProblem = (problem: string): void => log.error({ role: 'auditor' }, problem);
const reading = planePool('writ_exporter', {
  url: settings.exporterDatabaseUrl ?? '',
  max: 2,
  onLost: (cause) => onProblem(cause.message),
});
const holding = planePool('writ_worker', {
  url: settings.databaseUrl ?? '',
  max: 1,
  onLost: (cause) => onProblem(cause.message),
});
const auditor = new Auditor({
  plane: reading,
  tenants: () => tenantsWithLogs(holding),
  logKey: rawPublicKey(publicKeyIn(settings.logPublicKeyFile ?? '')),
  authority: rawPublicKey(publicKeyIn(settings.writerAuthorityKeyFile ?? '')),
  clock: systemClock,
  holdIntegrity: (tenant, reason) => placeIntegrityHold(holding, tenant, reason),
  onFinding: (tenant, finding, isHeld) =>
    log.error({ role: 'auditor', tenant, finding, isHeld }, 'the ledger is not as it was signed'),
});

let wholeAt = 0;
const turns = [
  repeat(
    systemClock,
    examineMs,
    async () => {
      while (await auditor.examineNew());
    },
    onProblem,
  ),
  repeat(
    systemClock,
    rehashMs,
    async () => {
      const isDaily = systemClock.monotonicMs() - wholeAt > dayMs;
      await auditor.rehashSince(isDaily ? 0 : systemClock.nowMs() - hourMs);
      if (isDaily) wholeAt = systemClock.monotonicMs();
    },
    onProblem,
  ),
];

parentPort?.once('message', () => {
  void Promise.all(turns.map((turn) => turn.stop()))
    .then(() => Promise.all([reading.close(), holding.close()]))
    .then(() => process.exit(0));
});
