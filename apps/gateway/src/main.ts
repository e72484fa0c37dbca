import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { createLog, otlpTraces } from '@writ/platform';
import { createServer } from './server.js';
import { answerPrimary, startManagement } from './management.js';
import { measuredPorts } from './measured.js';
import { registerStanding } from './gauges.js';
import { createMeasures } from './observe.js';
import { runPrimary } from './primary.js';
import { createTracing } from './traced.js';
import { credentialReader } from './request.js';
import { readGatewaySettings, type GatewaySettings } from './settings.js';
import { surfaces } from './surfaces.js';
import { onShutDown, refuseConnections, tellPrimary, tenantsInUse } from './worker.js';
import { wire } from './wiring.js';

const settings = readGatewaySettings();
if (!settings.ok) {
  console.error(
    `writ gateway: it cannot start; mend these settings:\n${settings.error.map((line) => `  ${line}`).join('\n')}`,
  );
  process.exit(1);
}
if (cluster.isPrimary) startPrimary(settings.value);
else await startWorker(settings.value);

function startPrimary({ processes, drainSeconds, logLevel, managementPort }: GatewaySettings): void {
  let ready = false;
  let clockOff = false;
  const management = startManagement(managementPort, () => {
    if (!ready) return 'no gateway process listens yet';
    return clockOff ? "this machine's clock is more than five seconds off the database's; set it" : undefined;
  });
  runPrimary({
    processes,
    drainMs: drainSeconds * 1_000,
    log: createLog('gateway-primary', logLevel),
    onClock: (isOff) => {
      clockOff = isOff;
    },
    onListening: (port) => {
      ready = true;
      const address = management.address();
      const managementAt = typeof address === 'object' && address !== null ? address.port : 0;
      process.stdout.write(
        `${JSON.stringify({ ready: true, pid: process.pid, port, managementPort: managementAt })}\n`,
      );
    },
  });
}

function ownCertificate({
  tlsCertificateFile,
  tlsKeyFile,
}: Pick<GatewaySettings, 'tlsCertificateFile' | 'tlsKeyFile'>):
  { readonly cert: string; readonly key: string } | undefined {
  if (tlsCertificateFile === undefined && tlsKeyFile === undefined) return undefined;
  if (tlsCertificateFile === undefined || tlsKeyFile === undefined)
    throw new Error('WRIT_TLS_CERTIFICATE_FILE and WRIT_TLS_KEY_FILE are set together or not at all');
  return { cert: readFileSync(tlsCertificateFile, 'utf8'), key: readFileSync(tlsKeyFile, 'utf8') };
}

async function startWorker({ listenHost, listenPort, ...rest }: GatewaySettings): Promise<void> {
  const measures = createMeasures();
  answerPrimary(measures.registry);
  const wiring = wire(
    { listenHost, listenPort, ...rest },
    {
      used: (tenant) => tellPrimary({ kind: 'serves', tenant }),
      clock: (isOff) => tellPrimary({ kind: 'clock', isOff }),
      rested: (why) => measures.rested(why),
    },
  );
  registerStanding(measures.metrics, wiring.standing);
  const { log } = wiring;
  const tracing =
    rest.otlpTracesUrl === undefined ? undefined : createTracing(otlpTraces(rest.otlpTracesUrl, 'writ-gateway'));
  const measured = measuredPorts(wiring.ports, measures);
  const ports = tracing?.around(measured) ?? measured;
  let draining = false;
  const app = await createServer({
    ports,
    log,
    surfaces,
    observe: (...seen) => measures.answered(...seen),
    tracing,
    isDraining: () => draining,
    outOfService: wiring.outOfService,
    credentialOf: credentialReader(rest),
    tls: ownCertificate(rest),
  });
  onShutDown(async (idleMs) => {
    draining = true;
    await refuseConnections(app.getHttpServer(), idleMs);
    await app.close();
    await wiring.close();
    await tracing?.close();
  });
  process.on('unhandledRejection', (cause) =>
    log.error({ err: cause }, 'a promise was rejected and nobody waited for it'),
  );
  await wiring.warm(await tenantsInUse());
  await app.listen(listenPort, listenHost);
}
