import { join } from 'node:path';
import { migrate, logins, type Passwords } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { freePort, type Log } from './ground.js';
import { deploymentKeys, type DeploymentKeys } from './keys.js';
import { startPostgres, type LocalPostgres } from './postgres.js';
import { repository, startApp, type RunningApp } from './processes.js';
import { startRedis, type LocalRedis } from './redis.js';

export interface StackOptions {
  /** Data, keys and logs live here; made when missing. */
  readonly folder: string;
  readonly log: Log;
  readonly gatewayProcesses?: number;
  /** Where the worker's jobs pass through; with `postgres` the worker knows of no Redis. */
  readonly workerQueues?: 'redis' | 'postgres';
  /** How long each part may take to listen. */
  readonly readyMs?: number;
  /** Further `WRIT_…` settings by app. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Everything Writ needs on one machine, each part a process of its own. */
export interface Stack {
  readonly postgres: LocalPostgres;
  readonly redis: LocalRedis;
  readonly keys: DeploymentKeys;
  readonly logFolder: string;
  readonly simulator: RunningApp;
  readonly tenantApi: RunningApp;
  readonly gateway: RunningApp;
  readonly worker: RunningApp;
  /** What the worker was started with, for whoever kills it and starts another. */
  readonly workerSettings: Readonly<Record<string, string>>;
  /** The same for the gateway. */
  readonly gatewaySettings: Readonly<Record<string, string>>;
  readonly urls: {
    readonly gateway: string;
    readonly tenantApi: string;
    readonly issuer: string;
    readonly models: string;
  };
  readonly audiences: { readonly gateway: string; readonly admin: string };
  stop(): Promise<void>;
}

const logName = 'writ.example';
const gatewayAudience = 'https://gateway.writ.example';
const adminAudience = 'https://tenant-api.writ.example';

/** Starts Postgres, Redis, simulator, tenant API, worker and gateway in that order; a failure stops what was started. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    return await startParts(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Ground {
  readonly postgres: LocalPostgres;
  readonly redis: LocalRedis;
  readonly keys: DeploymentKeys;
  readonly simulated: { readonly issuer: string; readonly models: string };
  readonly ports: { readonly tenantApi: number; readonly gateway: number };
}

async function startParts(
  { folder, log, gatewayProcesses = 2, workerQueues = 'redis', readyMs = 30_000, settings = {} }: StackOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const logFolder = join(folder, 'log');
  const started = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop());
    return part;
  };
  const app = async (name: string, given: Settings, args: readonly string[] = []): Promise<RunningApp> =>
    started(
      await startApp({
        name,
        entry: `apps/${name}/dist/main.js`,
        args,
        settings: { ...given, ...settings[name] },
        logFolder,
        readyMs,
      }),
    );
  const keys = deploymentKeys(join(folder, 'keys'), logName);
  const postgres = started(await startPostgres({ dataDir: join(folder, 'postgres'), log }));
  const path = process.env['PATH'] ?? '';
  const redis = started(await startRedis({ log, cacheDir: join(repository, '.writ', 'redis'), path }));
  const passwords = Object.fromEntries(logins.map((login) => [login, postgres.password(login)])) as Passwords;
  await migrate(postgres.url('postgres'), passwords, controlMigrations);
  const simulator = await app('simulator', {});
  const simulated = simulator.ready['urls'] as Ground['simulated'];
  const ports = { tenantApi: await freePort(), gateway: await freePort() };
  const ground: Ground = { postgres, redis, keys, simulated, ports };
  const exportFolder = join(folder, 'exports');
  const tenantApi = await app('tenant-api', { ...tenantApiSettings(ground), WRIT_EXPORT_FOLDER: exportFolder });
  const queues = queueSettings(ground, workerQueues);
  const given = { ...workerSettings(ground, join(folder, 'anchors'), exportFolder), ...queues };
  const worker = await app('worker', given, ['--roles', 'sequencer,sweeper,auditor,retention,usage,jobs']);
  const doors = gatewaySettings(ground, gatewayProcesses, join(folder, 'spool'));
  const gateway = await app('gateway', doors);
  const urls = {
    gateway: `http://127.0.0.1:${ports.gateway}`,
    tenantApi: `http://127.0.0.1:${ports.tenantApi}`,
    ...simulated,
  };
  const audiences = { gateway: gatewayAudience, admin: adminAudience };
  const apps = { simulator, tenantApi, gateway, worker };
  const restarts = {
    workerSettings: { ...given, ...settings['worker'] },
    gatewaySettings: { ...doors, ...settings['gateway'] },
  };
  return { postgres, redis, keys, logFolder, ...apps, ...restarts, urls, audiences, stop };
}

type Settings = Readonly<Record<string, string>>;

function commonSettings({ keys }: Ground): Settings {
  return {
    WRIT_LOG_NAME: logName,
    WRIT_MASTER_KEY_FILE: keys.masterKeyFile,
    WRIT_WRITER_AUTHORITY_KEY_FILE: keys.writerAuthorityKeyFile,
  };
}

/** The simulator stands on a private address, which the operator allows by host and port. */
function egressOf({ simulated }: Ground): string {
  return [simulated.issuer, simulated.models].map((url) => new URL(url).host).join(',');
}

function tenantApiSettings(ground: Ground): Settings {
  const { postgres, keys, ports } = ground;
  return {
    ...commonSettings(ground),
    WRIT_LISTEN_PORT: String(ports.tenantApi),
    WRIT_DATABASE_URL: postgres.url('writ_tenant_api'),
    WRIT_PUBLIC_URL: `http://127.0.0.1:${ports.tenantApi}`,
    WRIT_ADMIN_AUDIENCE: adminAudience,
    WRIT_SNAPSHOT_KEY_FILE: keys.snapshotKeyFile,
    WRIT_EXPORTER_DATABASE_URL: postgres.url('writ_exporter'),
    WRIT_EXPORT_KEY_FILE: keys.exportKeyFile,
    WRIT_KEYSET_FILE: keys.keysetFile,
    WRIT_MAIL: 'print',
    WRIT_EGRESS_ALLOW_HOSTS: egressOf(ground),
  };
}

function workerSettings(ground: Ground, anchorFolder: string, exportFolder: string): Settings {
  const { postgres, keys } = ground;
  return {
    ...commonSettings(ground),
    WRIT_SEQUENCER_DATABASE_URL: postgres.url('writ_sequencer'),
    WRIT_DATABASE_URL: postgres.url('writ_worker'),
    WRIT_EXPORTER_DATABASE_URL: postgres.url('writ_exporter'),
    WRIT_RETENTION_DATABASE_URL: postgres.url('writ_retention'),
    WRIT_LOG_KEY_FILE: keys.logKeyFile,
    WRIT_LOG_PUBLIC_KEY_FILE: keys.logPublicKeyFile,
    WRIT_SNAPSHOT_PUBLIC_KEY_FILE: keys.snapshotPublicKeyFile,
    WRIT_ANCHOR_FOLDER: anchorFolder,
    WRIT_EGRESS_ALLOW_HOSTS: egressOf(ground),
    WRIT_EXPORT_FOLDER: exportFolder,
    WRIT_EXPORT_KEY_FILE: keys.exportKeyFile,
    WRIT_KEYSET_FILE: keys.keysetFile,
  };
}

function queueSettings({ postgres, redis }: Ground, queues: 'redis' | 'postgres'): Settings {
  return queues === 'redis'
    ? { WRIT_REDIS_URL: redis.url }
    : { WRIT_QUEUE_BACKEND: 'postgres', WRIT_QUEUE_DATABASE_URL: postgres.url('writ_queue') };
}

function gatewaySettings(ground: Ground, processes: number, spoolFolder: string): Settings {
  const { postgres, redis, keys, ports } = ground;
  return {
    ...commonSettings(ground),
    WRIT_LISTEN_PORT: String(ports.gateway),
    WRIT_PROCESSES: String(processes),
    WRIT_SPOOL_FOLDER: spoolFolder,
    WRIT_DATABASE_URL: postgres.url('writ_gateway'),
    WRIT_REDIS_URL: redis.url,
    WRIT_SNAPSHOT_PUBLIC_KEY_FILE: keys.snapshotPublicKeyFile,
    WRIT_LOG_PUBLIC_KEY_FILE: keys.logPublicKeyFile,
    WRIT_ADMIN_AUDIENCE: adminAudience,
    WRIT_EGRESS_ALLOW_HOSTS: egressOf(ground),
  };
}
