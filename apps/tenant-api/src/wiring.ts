import { createPrivateKey, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { compile } from '@writ/policy';
import { type Login, type PlanePool, planePool, snapshotSigner } from '@writ/postgres';
import { Control } from '@writ/postgres/control';
import { type Log, createLog, guardedDispatcher, localKms, systemClock, uuidv7 } from '@writ/platform';
import { targetCheck } from './outside/check-target.js';
import { oidcDiscovery } from './outside/discovery.js';
import { postedMail, printedMail } from './outside/mail.js';
import { postgresPublisher } from './outside/publisher.js';
import { txtRecords } from './outside/txt.js';
import { openLedger } from './outside/writing-ledger.js';
import type { EvidencePort, IdentityPort, Ports } from './ports.js';
import type { TenantApiSettings } from './settings.js';

const login: Login = 'writ_tenant_api';

export interface Wired {
  readonly ports: Ports;
  readonly log: Log;
  close(): Promise<void>;
}

export interface Sockets {
  readonly identity: (parts: { readonly plane: PlanePool; readonly settings: TenantApiSettings }) => IdentityPort;
  readonly evidence: (plane: PlanePool) => EvidencePort;
}

const newId = (): string => uuidv7(systemClock.nowMs());

/** Plugs the real neighbours into the ports. */
export async function wire(settings: TenantApiSettings, sockets: Sockets): Promise<Wired> {
  const log = createLog('tenant-api', settings.logLevel);
  const onLost = (cause: Error): void => log.warn({ err: cause }, 'an idle database connection broke');
  const plane = planePool(login, { url: settings.databaseUrl, max: 8, onLost });
  const ledgerPlane = planePool(login, { url: settings.ledgerDatabaseUrl ?? settings.databaseUrl, max: 4, onLost });
  const control = await Control.open({ url: settings.databaseUrl });
  const own = await openLedger({
    plane: ledgerPlane,
    authority: createPrivateKey(readFileSync(settings.writerAuthorityKeyFile, 'utf8')),
    newId,
    onAlarm: (alarm) => log.error({ alarm }, 'the ledger raises an alarm'),
    onProblem: (cause) => log.warn({ err: cause }, 'the writer register did not answer'),
  });
  const dispatcher = guardedDispatcher({ allowHosts: settings.egressAllowHosts, connectMs: 3_000, headersMs: 5_000 });
  const ports: Ports = {
    control,
    ledger: own.ledger,
    kms: localKms(Buffer.from(readFileSync(settings.masterKeyFile, 'utf8').trim(), 'base64')),
    identity: sockets.identity({ plane, settings }),
    discovery: oidcDiscovery(dispatcher),
    mail:
      settings.mail === 'print'
        ? printedMail((line) => void process.stdout.write(line))
        : postedMail(settings.mail, dispatcher),
    names: txtRecords(settings.nameServers),
    publisher: postgresPublisher(
      plane,
      snapshotSigner(createPrivateKey(readFileSync(settings.snapshotKeyFile, 'utf8'))),
    ),
    evidence: sockets.evidence(ledgerPlane),
    policy: { compile },
    checkUrl: targetCheck(settings.egressAllowHosts),
    report: (cause, request) => log.error({ err: cause, request }, 'the administration plane failed and refused'),
    nowMs: () => systemClock.nowMs(),
    newId,
    randomBelow: (limit) => randomInt(limit),
  };
  return {
    ports,
    log,
    async close() {
      await own.close();
      await control.close();
      await dispatcher.close();
      await ledgerPlane.close();
      await plane.close();
    },
  };
}
