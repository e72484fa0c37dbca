import { createLog, createMetrics, systemClock } from '@writ/platform';
import { jobMeasures, serveMeasures } from './jobs/measures.js';
import { runJobs } from './jobs/role.js';
import { runLag } from './lag.js';
import type { RunningRole } from './repeat.js';
import { runRetention } from './retention-jobs.js';
import { runAuditor, runSweeper, runUsage } from './roles.js';
import { runSequencer } from './sequencer-role.js';
import { readWorkerSettings } from './settings.js';

const read = readWorkerSettings(process.argv.slice(2));
if (!read.ok) {
  process.stderr.write(
    `worker: these settings are wrong or missing:\n${read.error.map((line) => `  ${line}\n`).join('')}`,
  );
  process.exit(1);
}
const settings = read.value;
const log = createLog('worker', settings.logLevel);
const metrics = createMetrics();
const measures = jobMeasures(metrics);
const running: RunningRole[] = [runLag(settings, metrics, log)];
if (settings.roles.has('sequencer')) running.push(runSequencer(settings, systemClock, log));
if (settings.roles.has('sweeper')) running.push(runSweeper(settings, systemClock, log));
if (settings.roles.has('retention')) running.push(runRetention(settings, systemClock, log, measures));
if (settings.roles.has('usage')) running.push(runUsage(settings, systemClock, log));
if (settings.roles.has('auditor')) running.push(runAuditor(settings, systemClock, log));
if (settings.roles.has('jobs')) running.push(runJobs(settings, systemClock, log, measures));
const listener = settings.managementPort === undefined ? undefined : serveMeasures(settings.managementPort, measures);
process.stdout.write(`${JSON.stringify({ ready: true, roles: [...settings.roles] })}\n`);

let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void Promise.all(running.map((role) => role.stop()))
      .then(() => listener?.close())
      .then(() => process.exit(0));
  });
}
