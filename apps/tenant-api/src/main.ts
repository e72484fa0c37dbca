import { evidenceStore, logOrigin } from '@writ/postgres';
import { createLog } from '@writ/platform';
import { recordedEvidence } from './outside/evidence.js';
import { verifiedIdentity } from './outside/identity.js';
import { readTenantApiSettings } from './settings.js';
import { serveTenantApi } from './start.js';
import { wire } from './wiring.js';

const read = readTenantApiSettings();
if (!read.ok) {
  process.stderr.write(`tenant-api: mend these settings:\n${read.error.map((line) => `  ${line}\n`).join('')}`);
  process.exit(1);
}
const settings = read.value;
const log = createLog('tenant-api', settings.logLevel);
const wired = await wire(settings, {
  identity: ({ plane }) => verifiedIdentity({ plane, settings, log }),
  evidence: (plane) => recordedEvidence(evidenceStore(plane), ({ tenant }) => logOrigin(settings.logName, tenant)),
});
const api = await serveTenantApi(settings, wired.ports);
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, url: api.url })}\n`);

let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void api
      .close()
      .then(() => wired.close())
      .then(() => process.exit(0));
  });
}
