import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { classify, isCleared } from '@writ/classification';
import { limits, parseRecordId, type RecordId } from '@writ/domain';
import type { Ports } from '@writ/enforcement';
import { createIdentity, documentFetcher, type Directory } from '@writ/identity';
import { isReceipt, rawPublicKey } from '@writ/ledger';
import { createLog, guardedDispatcher, localKms, openText, systemClock, uuidv7, type Log } from '@writ/platform';
import {
  budgetStore,
  connectionDirectory,
  logOrigin,
  openWritingLedger,
  planePool,
  snapshotSource,
  snapshotVerifier,
  type ConnectionDirectory,
} from '@writ/postgres';
import { createProviders, dialects } from '@writ/providers';
import { connectRedis, createLimits } from '@writ/redis';
import { isAuthorizedBy, localHealth } from '@writ/routing';
import { createSnapshots } from './snapshots.js';
import { securityEvents } from './security.js';
import type { GatewaySettings } from './settings.js';
import { buildVersion } from './version.js';

export interface Wiring {
  readonly ports: Ports;
  readonly log: Log;
  close(): Promise<void>;
}

/** Plugs the adapters into the sockets of the wall. The compiler checks here, and only here, that they fit. */
export async function wire(settings: GatewaySettings): Promise<Wiring> {
  const log = createLog('gateway', settings.logLevel);
  const problem = (what: string, cause?: unknown): void =>
    log.warn({ cause: cause instanceof Error ? cause.message : cause }, what);
  const ledgerPlane = planePool('writ_gateway', { url: settings.ledgerDatabaseUrl ?? settings.databaseUrl, max: 8 });
  const configPlane = planePool('writ_gateway', { url: settings.databaseUrl, max: 4 });
  const kms = localKms(Buffer.from(readFileSync(settings.masterKeyFile, 'utf8').trim(), 'base64'));
  const egress = guardedDispatcher({
    allowHosts: settings.egressAllowHosts,
    connectMs: limits.upstreamConnectMs,
    headersMs: limits.upstreamHeadersMs,
    bodyIdleMs: limits.upstreamIdleMs,
  });
  const own = await openWritingLedger({
    plane: ledgerPlane,
    kind: 'gateway',
    authority: createPrivateKey(readFileSync(settings.writerAuthorityKeyFile, 'utf8')),
    build: buildVersion,
    environment: settings.environment,
    logKeys: settings.logPublicKeyFile === undefined ? [] : [rawPublicKey(publicKeyOf(settings.logPublicKeyFile))],
    onAlarm: (alarm) => log.error({ alarm }, 'the ledger raised an alarm'),
    onProblem: problem,
  });
  const source = snapshotSource(configPlane, {
    verifier: snapshotVerifier([publicKeyOf(settings.snapshotPublicKeyFile)]),
    onProblem: problem,
  });
  const directory = connectionDirectory(configPlane, { onProblem: problem });
  const redis = connectRedis({ url: settings.redisUrl, onProblem: problem });
  const security = securityEvents(log, systemClock);
  const ports: Ports = {
    identity: createIdentity({
      directory: callersOf(directory, settings.adminAudience),
      fetchDocument: documentFetcher(egress),
      clock: systemClock,
      failed: (error) => log.warn({ err: error }, 'a credential could not be verified'),
    }),
    snapshots: createSnapshots({
      source,
      kms,
      clock: systemClock,
      log,
      originOf: ({ tenant }) => logOrigin(settings.logName, tenant),
    }),
    classifier: {
      classify: async (ask, { taxonomy, digestKey }) => {
        const until = systemClock.monotonicMs() + limits.classificationMs;
        return classify(ask.leaves, taxonomy, {
          digestKey,
          attachments: ask.attachments,
          expired: () => systemClock.monotonicMs() > until,
        });
      },
    },
    limits: createLimits({
      redis,
      leases: budgetStore(configPlane),
      clock: systemClock,
      instances: settings.processes,
      onProblem: problem,
    }),
    ledger: own.ledger,
    providers: createProviders({
      proofs: { isReceipt, isAuthorizedBy, isCleared },
      dispatcherFor: () => egress,
      openKey: async ({ tenant, contentKey }, { id, sealed }) =>
        openText(contentKey, `${tenant.tenant}|provider_credential|${id}`, sealed),
    }),
    dialects,
    health: localHealth({ began: (rest) => problem(`${rest.endpoint} rests: ${rest.why}`) }),
    clock: systemClock,
    ids: { recordId, random: () => Math.random() },
    security,
  };
  return {
    ports,
    log,
    async close() {
      security.close();
      await own.close();
      await Promise.allSettled([source.close(), directory.close(), redis.close(), egress.close()]);
      await Promise.allSettled([ledgerPlane.close(), configPlane.close()]);
    },
  };
}

/**
 * A token for the tenant API is not a token for the gateway: its audience is taken out of every connection here. An outage
 * of the directory is thrown, for which identity refuses as unavailable; it is never taken for "nobody".
 */
function callersOf(directory: ConnectionDirectory, adminAudience: string): Directory {
  return {
    async find(issuer) {
      const found = await directory.find(issuer);
      if (!found.ok) throw new Error('the directory of connections is unavailable');
      return found.value.map(({ tenant, connection }) => ({
        tenant,
        connection: { ...connection, audiences: connection.audiences.filter((audience) => audience !== adminAudience) },
      }));
    },
    async findAppKey(sha256) {
      const found = await directory.findAppKey(sha256);
      if (!found.ok) throw new Error('the directory of app keys is unavailable');
      return found.value;
    },
  };
}

function recordId(): RecordId {
  const id = parseRecordId(uuidv7(systemClock.nowMs()));
  if (!id.ok) throw new Error(id.error);
  return id.value;
}

function publicKeyOf(file: string) {
  return createPublicKey(readFileSync(file, 'utf8'));
}
