import { createPrivateKey, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '@writ/domain';
import { statementSigner } from '@writ/ledger';
import type { Trust } from '@writ/identity';
import {
  type Kms,
  type Log,
  createLog,
  guardedDispatcher,
  openKms,
  rememberingKms,
  systemClock,
  uuidv7,
} from '@writ/platform';
import { type PlanePool, enrolledLedger, evidenceStore, planePool, snapshotSigner } from '@writ/postgres';
import { Control } from '@writ/postgres/control';
import type { Dispatcher } from 'undici';
import { clientSecretContext } from './connection-draft.js';
import { targetCheck } from './outside/check-target.js';
import { oidcDiscovery } from './outside/discovery.js';
import { recordedEvidence } from './outside/evidence.js';
import { shippedPriceBook } from './price-book.js';
import { ownLog } from './administration.js';
import { bundleExporter } from './outside/exporter.js';
import { postedMail, printedMail } from './outside/mail.js';
import { policyWorkshop } from './outside/policy-workshop.js';
import { postgresPublisher } from './outside/publisher.js';
import { storedExports } from './outside/stored-exports.js';
import { txtRecords } from './outside/txt.js';
import { verifyingIdentity } from './outside/verifying-identity.js';
import type { Ports } from './ports.js';
import type { TenantApiSettings } from './settings.js';

export interface Wiring {
  readonly ports: Ports;
  readonly log: Log;
  /** Why this instance cannot serve, if it cannot. */
  readonly notReady: () => readonly string[];
  close(): Promise<void>;
}

const nowMs = (): number => systemClock.nowMs();
const newId = (): string => uuidv7(systemClock.nowMs());

/** Data keys are remembered for a minute here, because each change opens two; the gateway has its own time for them. */
function kmsOf({ masterKeyFile, kmsFile }: TenantApiSettings, dispatcher: Dispatcher): Kms {
  const masterKey = Buffer.from(readFileSync(masterKeyFile, 'utf8').trim(), 'base64');
  return rememberingKms(openKms(masterKey, kmsFile, dispatcher), { nowMs, forMs: 60_000, atMost: 4_000 });
}

/** Plugs the real neighbours into the ports. */
export async function wire(settings: TenantApiSettings): Promise<Wiring> {
  const log = createLog('tenant-api', settings.logLevel);
  const problem = (what: string, cause?: unknown): void =>
    log.warn({ cause: cause instanceof Error ? cause.message : cause }, what);
  const onLost = (cause: Error): void => problem('an idle database connection broke', cause);
  const plane = planePool('writ_tenant_api', { url: settings.databaseUrl, max: 8, onLost });
  const ledgerUrl = settings.ledgerDatabaseUrl ?? settings.databaseUrl;
  const ledgerPlane = planePool('writ_tenant_api', { url: ledgerUrl, max: 4, onLost });
  const readingPlane = planePool('writ_tenant_api', { url: ledgerUrl, max: 2, onLost });
  const exporterPlane = planePool('writ_exporter', { url: settings.exporterDatabaseUrl, max: 2, onLost });
  const control = await Control.open({ url: settings.databaseUrl });
  const own = ownLedger(settings, ledgerPlane, log, problem);
  const dispatcher = guardedDispatcher({ allowHosts: settings.egressAllowHosts, connectMs: 3_000, headersMs: 5_000 });
  const policy = policyWorkshop(settings.platformPolicyFile);
  const failed = (cause: unknown): void => problem('a credential could not be verified', cause);
  const kms = kmsOf(settings, dispatcher);
  const clientSecret = ({ tenant, connection }: Trust): Promise<string | undefined> =>
    openClientSecret(kms, tenant, connection);
  const ports: Ports = {
    control,
    ledger: own.ledger,
    kms,
    identity: verifyingIdentity({
      control,
      adminAudience: settings.adminAudience,
      dispatcher,
      nowMs,
      failed,
      clientSecret,
    }),
    discovery: oidcDiscovery(dispatcher),
    mail: settings.mail === 'print' ? printedMail(printLine) : postedMail(settings.mail, dispatcher),
    names: txtRecords(settings.nameServers),
    publisher: postgresPublisher(plane, snapshotSigner(privateKeyIn(settings.snapshotKeyFile))),
    evidence: recordedEvidence(evidenceStore(readingPlane)),
    priceBook: shippedPriceBook(),
    exporter: bundleExporter({
      plane: exporterPlane,
      signer: statementSigner(privateKeyIn(settings.exportKeyFile)),
      keyset: readFileSync(settings.keysetFile),
      policy: settings.witnessPolicyFile === undefined ? undefined : readFileSync(settings.witnessPolicyFile),
      contentKey: async (tenant) => (await ownLog({ control, kms }, tenant)).contentKey,
      nowMs,
    }),
    storedExports: storedExports(control, settings.exportFolder),
    policy,
    certify: certifier(statementSigner(privateKeyIn(settings.exportKeyFile))),
    checkUrl: targetCheck(settings.egressAllowHosts),
    report: (cause, request) => log.error({ ...told(cause), request }, 'the administration plane failed and refused'),
    nowMs,
    newId,
    randomBelow: (limit) => randomInt(limit),
  };
  const close = async (): Promise<void> => {
    await own.close();
    await Promise.allSettled([control.close(), dispatcher.close(), policy.close()]);
    await Promise.allSettled([ledgerPlane.close(), readingPlane.close(), exporterPlane.close(), plane.close()]);
  };
  return { ports, log, notReady: () => [], close };
}

async function openClientSecret(
  kms: Kms,
  tenant: string,
  { id, settings }: Trust['connection'],
): Promise<string | undefined> {
  const sealed = settings['sealedClientSecret'];
  if (sealed === undefined) return undefined;
  return Buffer.from(await kms.unwrap(clientSecretContext(tenant, id), sealed)).toString('utf8');
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** JWS (RFC 7515) under the export key, which the deployment's keyset names. */
function certifier(signer: ReturnType<typeof statementSigner>): (statement: JsonObject) => string {
  return (statement) => {
    const signed = `${part({ alg: 'EdDSA', typ: 'writ-certificate+jwt', kid: signer.keyId })}.${part(statement)}`;
    return `${signed}.${Buffer.from(signer.sign(Buffer.from(signed))).toString('base64url')}`;
  };
}

type Problem = (what: string, cause?: unknown) => void;

function ownLedger(
  settings: TenantApiSettings,
  plane: PlanePool,
  log: Log,
  problem: Problem,
): ReturnType<typeof enrolledLedger> {
  return enrolledLedger({
    plane,
    kind: 'tenant-api',
    authority: statementSigner(privateKeyIn(settings.writerAuthorityKeyFile)),
    settings: {
      build: { version: '0.1.0' },
      environment: settings.environment,
      clock: { source: 'system', errorMs: 1_000 },
    },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: (alarm) => log.error({ alarm }, 'the ledger raised an alarm'),
    onProblem: problem,
  });
}

/** Never a statement's parameters: they may hold what must not be logged. */
function told(cause: unknown): { readonly error: string; readonly stack?: string } {
  if (!(cause instanceof Error)) return { error: String(cause) };
  return { error: `${cause.name}: ${cause.message}`, ...(cause.stack !== undefined && { stack: cause.stack }) };
}

function printLine(line: string): void {
  process.stdout.write(line);
}

function privateKeyIn(file: string): ReturnType<typeof createPrivateKey> {
  return createPrivateKey(readFileSync(file, 'utf8'));
}
