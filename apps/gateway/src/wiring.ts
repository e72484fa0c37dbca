import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isCleared } from '@writ/classification';
import { limits, parseRecordId, type RecordId, type Snapshot, type TenantId } from '@writ/domain';
import type { Ports } from '@writ/enforcement';
import { createIdentity, documentFetcher, type Directory, type Trust } from '@writ/identity';
import { isReceipt, parseWitnessPolicy, rawPublicKey, statementSigner, type WitnessPolicy } from '@writ/ledger';
import { compile, type PolicyImage } from '@writ/policy';
import {
  createLog,
  guardedDispatcher,
  localKms,
  openText,
  systemClock,
  uuidv7,
  type Kms,
  type Log,
} from '@writ/platform';
import {
  budgetStore,
  connectionDirectory,
  enrolledLedger,
  logOrigin,
  planePool,
  reviewBoard,
  snapshotSource,
  snapshotVerifier,
  type ConnectionDirectory,
  type DirectoryConnection,
  type EnrolledLedger,
  type PlanePool,
} from '@writ/postgres';
import { createProviders, dialects } from '@writ/providers';
import { connectRedis, createLimits, sharedReplays, sharedRests, type Limits, type RedisConnection } from '@writ/redis';
import { isAuthorizedBy, localHealth, type LocalHealth } from '@writ/routing';
import { createClassifier } from './classifier.js';
import { standingOf, type Standing } from './gauges.js';
import { securityEvents } from './security.js';
import { createReviews } from './reviews.js';
import type { GatewaySettings } from './settings.js';
import { createSnapshots, type GatewaySnapshots } from './snapshots.js';
import { outcomeSpool } from './spool.js';
import { buildVersion } from './version.js';

export interface Wiring {
  readonly ports: Ports;
  readonly log: Log;
  /** Loads what these tenants' requests need, for ten seconds at most, so that a new process does not begin cold. */
  warm(tenants: readonly string[]): Promise<number>;
  /** What this process can say of its own state. */
  readonly standing: Standing;
  close(): Promise<void>;
}

type Problem = (what: string, cause?: unknown) => void;

/** What this process tells others of itself. */
export interface Told {
  readonly used?: (tenant: TenantId) => void;
  /** An endpoint key was put to rest. */
  readonly rested?: (why: string) => void;
}

/** Plugs the adapters into the sockets of the wall. The compiler checks here, and only here, that they fit. */
export function wire(settings: GatewaySettings, told: Told = {}): Wiring {
  const log = createLog('gateway', settings.logLevel);
  const problem: Problem = (what, cause) => log.warn({ cause: cause instanceof Error ? cause.message : cause }, what);
  const ledgerPlane = planePool('writ_gateway', { url: settings.ledgerDatabaseUrl ?? settings.databaseUrl, max: 8 });
  const configPlane = planePool('writ_gateway', { url: settings.databaseUrl, max: 4 });
  const egress = egressOf(settings);
  const source = snapshotSource(configPlane, {
    verifier: snapshotVerifier([publicKeyIn(settings.snapshotPublicKeyFile)]),
    onProblem: problem,
  });
  const directory = connectionDirectory(configPlane, { onProblem: problem });
  const redis = connectRedis({ url: settings.redisUrl, onProblem: problem });
  const security = securityEvents(log, systemClock);
  const kms = localKms(masterKeyIn(settings));
  const clock = systemClock;
  const spending = limitsOf(settings, redis, configPlane, problem);
  const endpoints = sharedHealth(settings, problem, told.rested);
  const classifier = createClassifier(clock);
  const board = reviewBoard(configPlane, problem);
  const snapshots = createSnapshots({
    source,
    kms,
    clock,
    log,
    originOf: ({ tenant }) => logOrigin(settings.logName, tenant),
    ...platformLayer(settings.platformPolicyFile),
    ...(told.used === undefined ? {} : { used: told.used }),
  });
  const own = ownLedger(settings, ledgerPlane, log, problem, snapshots);
  const identity = createIdentity({
    directory: callersOf(directory, settings.adminAudience),
    fetchDocument: documentFetcher(egress),
    clock,
    replays: sharedReplays(redis),
    clientSecret: (trust) => openClientSecret(kms, trust),
    failed: (error) => problem('a credential could not be verified', error),
  });
  const ports: Ports = {
    identity,
    snapshots,
    classifier,
    limits: spending,
    ledger: own.ledger,
    providers: createProviders({
      proofs: { isReceipt, isAuthorizedBy, isCleared },
      dispatcherFor: () => egress,
      openKey: async ({ tenant, contentKey }, { id, sealed }) =>
        openText(contentKey, `${tenant.tenant}|provider_credential|${id}`, sealed),
    }),
    dialects,
    health: endpoints.health,
    reviews: createReviews(board, problem),
    clock,
    ids: { recordId, random: () => Math.random() },
    security,
  };
  const close = async (): Promise<void> => {
    security.close();
    await own.close();
    await Promise.allSettled([spending.close(), endpoints.close(), classifier.close()]);
    await Promise.allSettled([source.close(), board.close(), directory.close(), redis.close(), egress.close()]);
    await Promise.allSettled([ledgerPlane.close(), configPlane.close()]);
  };
  const warm = warmer(snapshots, directory, own.enrolled);
  const pools = { ledger: ledgerPlane, config: configPlane };
  const standing = standingOf({ source, identity, pools, egress, spending, clock });
  return { ports, log, warm, standing, close };
}

/**
 * The writer's key is enrolled, and the snapshots in use are here with their issuers: who asks is looked up before what is
 * asked. First publishes must be heard, because the directory forgets what it found before. A database that is out holds no
 * start for longer than `warmingMs`; such a process refuses until it is back.
 */
function warmer(snapshots: GatewaySnapshots, directory: ConnectionDirectory, enrolled: Promise<void>): Wiring['warm'] {
  const issuers = ({ connections }: Snapshot): Promise<unknown> =>
    Promise.all(connections.map(({ issuer }) => directory.find(issuer)));
  return async (tenants) => {
    const late = systemClock.after(limits.warmingMs);
    let isLate = false;
    void late.elapsed.then(() => {
      isLate = true;
    });
    await Promise.race([directory.listening, late.elapsed]);
    const warmed = await snapshots.warm(tenants, issuers, () => isLate);
    await Promise.race([enrolled, late.elapsed]);
    late.cancel();
    return warmed;
  };
}

function egressOf({ egressAllowHosts: allowHosts }: GatewaySettings): ReturnType<typeof guardedDispatcher> {
  const { upstreamConnectMs: connectMs, upstreamHeadersMs: headersMs, upstreamIdleMs: bodyIdleMs } = limits;
  return guardedDispatcher({ allowHosts, connectMs, headersMs, bodyIdleMs });
}

function limitsOf({ processes }: GatewaySettings, redis: RedisConnection, plane: PlanePool, problem: Problem): Limits {
  const leases = budgetStore(plane);
  return createLimits({ redis, leases, clock: systemClock, instances: processes, onProblem: problem });
}

/** What this process learns of its endpoints, and what the others tell of them. */
function sharedHealth(
  { redisUrl, processes }: GatewaySettings,
  problem: Problem,
  rested: Told['rested'],
): { readonly health: LocalHealth; close(): Promise<void> } {
  const health = localHealth({
    instances: processes,
    missing: (endpoint) => problem(`${endpoint} does not know a model that its tenant declared`),
    began: (rest) => {
      problem(`${rest.endpoint} rests: ${rest.why}`);
      rested?.(rest.why);
      rests.tell(rest);
    },
  });
  const rests = sharedRests({
    url: redisUrl,
    onProblem: problem,
    nowMs: () => systemClock.nowMs(),
    heard: (rest) => health.rest(rest),
  });
  return { health, close: () => rests.close() };
}

function ownLedger(
  settings: GatewaySettings,
  plane: PlanePool,
  log: Log,
  problem: Problem,
  snapshots: GatewaySnapshots,
): EnrolledLedger {
  const { spoolFolder } = settings;
  const logKeys = settings.logPublicKeyFile === undefined ? [] : [rawPublicKey(publicKeyIn(settings.logPublicKeyFile))];
  return enrolledLedger({
    plane,
    kind: 'gateway',
    authority: statementSigner(createPrivateKey(readFileSync(settings.writerAuthorityKeyFile, 'utf8'))),
    settings: {
      build: { version: buildVersion },
      environment: settings.environment,
      clock: { source: 'system', errorMs: 1_000 },
    },
    clock: systemClock,
    logKeys: () => logKeys,
    ...witnessesIn(settings.witnessPolicyFile),
    ...(spoolFolder === undefined
      ? {}
      : { spool: outcomeSpool(spoolFolder, masterKeyIn(settings), snapshots, problem) }),
    onAlarm: (alarm) => log.error({ alarm }, 'the ledger raised an alarm'),
    onProblem: problem,
  });
}

/**
 * A token for the tenant API is not a token for the gateway: its audience is taken out of every connection here. An outage
 * of the directory is thrown, for which identity refuses as unavailable; it is never taken for "nobody".
 */
function callersOf(directory: ConnectionDirectory, adminAudience: string): Directory {
  // The directory gives the same list until a publish; so does this, and what was concluded from it holds as long.
  const known = new WeakMap<readonly DirectoryConnection[], readonly Trust[]>();
  return {
    async find(issuer) {
      const found = await directory.find(issuer);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      const trusts = known.get(found.value) ?? found.value.map((trust) => withoutAudience(trust, adminAudience));
      known.set(found.value, trusts);
      return trusts;
    },
    async findConnection(id) {
      const found = await directory.findConnection(id);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      return found.value && withoutAudience(found.value, adminAudience);
    },
    async findAppKey(sha256) {
      const found = await directory.findAppKey(sha256);
      if (!found.ok) throw new Error('the directory of app keys is unavailable');
      return found.value;
    },
  };
}

function withoutAudience({ tenant, connection }: Trust, adminAudience: string): Trust {
  const audiences = connection.audiences.filter((audience) => audience !== adminAudience);
  return { tenant, connection: { ...connection, audiences } };
}

/** The tenant API wrapped it in this context; whatever else unwraps to nothing is an error, for which identity refuses. */
async function openClientSecret(kms: Kms, { tenant, connection }: Trust): Promise<string | undefined> {
  const sealed = connection.settings['sealedClientSecret'];
  if (sealed === undefined) return undefined;
  const secret = await kms.unwrap(`tenant/${tenant}/identity-provider/${connection.id}`, sealed);
  return Buffer.from(secret).toString('utf8');
}

/** A platform policy that does not compile stops the start: running without it would permit what it forbids. */
function platformLayer(file: string | undefined): { readonly platform?: PolicyImage } {
  if (file === undefined) return {};
  const image = compile(readFileSync(file, 'utf8'), 1);
  if (image.ok) return { platform: image.value };
  throw new Error(`the platform policy ${file} does not compile: ${JSON.stringify(image.error)}`);
}

/** A policy that cannot be read stops the start: no request may wait for witnesses that nobody named. */
function witnessesIn(file: string | undefined): { readonly witnesses?: WitnessPolicy } {
  if (file === undefined) return {};
  const witnesses = parseWitnessPolicy(readFileSync(file, 'latin1'));
  if (witnesses === undefined) throw new Error(`${file} is no C2SP tlog-policy with Ed25519 witnesses`);
  return { witnesses };
}

function recordId(): RecordId {
  const id = parseRecordId(uuidv7(systemClock.nowMs()));
  if (!id.ok) throw new Error(id.error);
  return id.value;
}

function masterKeyIn({ masterKeyFile }: GatewaySettings): Uint8Array {
  return Buffer.from(readFileSync(masterKeyFile, 'utf8').trim(), 'base64');
}

function publicKeyIn(file: string): KeyObject {
  return createPublicKey(readFileSync(file, 'utf8'));
}
