import { readTenantApiSettings } from './settings.js';
import { finishDeletionsNow, startTenantApi } from './start.js';

const settings = readTenantApiSettings();
if (!settings.ok) {
  console.error(
    `writ tenant-api: it cannot start; mend these settings:\n${settings.error.map((line) => `  ${line}`).join('\n')}`,
  );
  process.exit(1);
}
if (process.argv.includes('--finish-deletions')) {
  await finishDeletionsNow(settings.value, (line) => void process.stdout.write(`${line}\n`));
  process.exit(0);
}
const api = await startTenantApi(settings.value);
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, port: api.port, url: api.url })}\n`);

let closing = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (closing) return;
    closing = true;
    void api.close();
  });
}
