import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isCleared } from '@writ/classification';
import { limits, parseRecordId, type RecordId, type Refusal, type Snapshot, type TenantId } from '@writ/domain';
import { Neighbours, Undecided, undecidedBounds, type Ports } from '@writ/enforcement';
import { isReceipt, parseWitnessPolicy, rawPublicKey, statementSigner, type WitnessPolicy } from '@writ/ledger';
import { compile, type PolicyImage } from '@writ/policy';
import { startCompiler } from '@writ/policy/prove';
import { createLog, guardedDispatcher, openKms, openText, systemClock, uuidv7, type Log } from '@writ/platform';
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
  type EnrolledLedger,
  type PlanePool,
} from '@writ/postgres';
import { createProviders, dialects } from '@writ/providers';
import { connectRedis, createLimits, sharedRests, type Limits, type RedisConnection } from '@writ/redis';
import { isAuthorizedBy, localHealth, type LocalHealth } from '@writ/routing';
import { createClassifier } from './classifier.js';
import { callersIdentity } from './callers.js';
import { clockWatch } from './clock-watch.js';
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
  /** Why this instance answers nothing at all, if so: a clock that is off. */
  readonly outOfService: () => Refusal | undefined;
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
  /** Whether this machine's clock is off; told when it changes. */
  readonly clock?: (isOff: boolean) => void;
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
  const kms = openKms(masterKeyIn(settings), settings.kmsFile, egress);
  const clock = systemClock;
  const spending = limitsOf(settings, redis, configPlane, problem);
  const endpoints = sharedHealth(settings, problem, told.rested);
  const neighbours = new Neighbours(() => clock.monotonicMs());
  const classifier = createClassifier(clock, neighbours);
  const undecided = undecidedBeside(neighbours);
  const board = reviewBoard(configPlane, problem);
  const compiler = startCompiler();
  const snapshots = createSnapshots({
    compile: (...asked) => compiler.compile(...asked),
    source,
    kms,
    clock,
    log,
    originOf: ({ tenant }) => logOrigin(settings.logName, tenant),
    ...platformLayer(settings.platformPolicyFile),
    ...(told.used === undefined ? {} : { used: told.used }),
  });
  const { found, outOfService } = clockWatch(told.clock);
  const own = ownLedger(settings, ledgerPlane, { log, problem, snapshots, onClock: found });
  const identity = callersIdentity({ directory, adminAudience: settings.adminAudience, egress, redis, kms, problem });
  const ports: Ports = {
    identity,
    undecided,
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
    await Promise.allSettled([spending.close(), endpoints.close(), classifier.close(), compiler.close()]);
    await Promise.allSettled([source.close(), board.close(), directory.close(), redis.close(), egress.close()]);
    await Promise.allSettled([ledgerPlane.close(), configPlane.close()]);
  };
  const pools = { ledger: ledgerPlane, config: configPlane };
  const standing = standingOf({ source, identity, pools, egress, spending, clock });
  return { ports, log, outOfService, warm: warmer(snapshots, directory, own.enrolled), standing, close };
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

/** One count of undecided requests for all tenants of this process. */
function undecidedBeside(neighbours: Neighbours): Undecided {
  return new Undecided({
    bounds: undecidedBounds,
    clock: systemClock,
    neighbours,
    later: (then) => void setImmediate(then),
    random: () => Math.random(),
  });
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

interface OwnLedgerParts {
  readonly log: Log;
  readonly problem: Problem;
  readonly snapshots: GatewaySnapshots;
  readonly onClock: (isOff: boolean) => void;
}

function ownLedger(
  settings: GatewaySettings,
  plane: PlanePool,
  { log, problem, snapshots, onClock }: OwnLedgerParts,
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
    onClock,
  });
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
