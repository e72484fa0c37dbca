import { parseArgs } from 'node:util';
import { startSimulator } from './simulator.js';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, 'issuer-port': { type: 'string', default: '0' } },
});
const simulator = await startSimulator({ port: Number(values.port), issuerPort: Number(values['issuer-port']) });
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, urls: simulator.urls })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void simulator.stop().then(() => process.exit(0));
  });
}
