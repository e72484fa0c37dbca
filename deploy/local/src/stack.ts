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
  readonly urls: {
    readonly gateway: string;
    readonly tenantApi: string;
    readonly issuer: string;
    readonly models: string;
  };
  readonly audiences: { readonly gateway: string; readonly admin: string };
  stop(): Promise<void>;
}

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

async function startParts(
  { folder, log, gatewayProcesses = 2, settings = {} }: StackOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const logFolder = join(folder, 'log');
  const started = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop());
    return part;
  };
  const keys = deploymentKeys(join(folder, 'keys'));
  const postgres = started(await startPostgres({ dataDir: join(folder, 'postgres'), log }));
  const redis = started(await startRedis({ log, cacheDir: join(folder, 'redis'), path: process.env['PATH'] ?? '' }));
  const passwords = Object.fromEntries(logins.map((login) => [login, postgres.password(login)])) as Passwords;
  await migrate(postgres.url('postgres'), passwords, controlMigrations);

  const app = async (
    name: string,
    given: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): Promise<RunningApp> =>
    started(
      await startApp({
        name,
        entry: `apps/${name}/dist/main.js`,
        args,
        settings: { ...given, ...settings[name] },
        logFolder,
      }),
    );
  const simulator = await app('simulator', {});
  const simulated = simulator.ready['urls'] as { readonly issuer: string; readonly models: string };
  const egressAllowHosts = [simulated.issuer, simulated.models].map((url) => new URL(url).host).join(',');
  const apiPort = await freePort();
  const gatewayPort = await freePort();
  const common = {
    WRIT_LOG_NAME: 'writ.example',
    WRIT_MASTER_KEY_FILE: keys.masterKeyFile,
    WRIT_WRITER_AUTHORITY_KEY_FILE: keys.writerAuthorityKeyFile,
  };
  const tenantApi = await app('tenant-api', {
    ...common,
    WRIT_LISTEN_PORT: String(apiPort),
    WRIT_DATABASE_URL: postgres.url('writ_tenant_api'),
    WRIT_PUBLIC_URL: `http://127.0.0.1:${apiPort}`,
    WRIT_ADMIN_AUDIENCE: adminAudience,
    WRIT_SNAPSHOT_KEY_FILE: keys.snapshotKeyFile,
    WRIT_MAIL: 'print',
    WRIT_EGRESS_ALLOW_HOSTS: egressAllowHosts,
  });
  const worker = await app(
    'worker',
    {
      ...common,
      WRIT_SEQUENCER_DATABASE_URL: postgres.url('writ_sequencer'),
      WRIT_DATABASE_URL: postgres.url('writ_worker'),
      WRIT_REDIS_URL: redis.url,
      WRIT_LOG_KEY_FILE: keys.logKeyFile,
      WRIT_ANCHOR_FOLDER: join(folder, 'anchors'),
      WRIT_SNAPSHOT_PUBLIC_KEY_FILE: keys.snapshotPublicKeyFile,
    },
    ['--roles', 'sequencer,sweeper,jobs'],
  );
  const gateway = await app('gateway', {
    ...common,
    WRIT_LISTEN_PORT: String(gatewayPort),
    WRIT_PROCESSES: String(gatewayProcesses),
    WRIT_DATABASE_URL: postgres.url('writ_gateway'),
    WRIT_REDIS_URL: redis.url,
    WRIT_SNAPSHOT_PUBLIC_KEY_FILE: keys.snapshotPublicKeyFile,
    WRIT_LOG_PUBLIC_KEY_FILE: keys.logPublicKeyFile,
    WRIT_ADMIN_AUDIENCE: adminAudience,
    WRIT_EGRESS_ALLOW_HOSTS: egressAllowHosts,
  });
  const urls = {
    gateway: `http://127.0.0.1:${gatewayPort}`,
    tenantApi: `http://127.0.0.1:${apiPort}`,
    issuer: simulated.issuer,
    models: simulated.models,
  };
  return {
    postgres,
    redis,
    keys,
    logFolder,
    simulator,
    tenantApi,
    gateway,
    worker,
    urls,
    audiences: { gateway: gatewayAudience, admin: adminAudience },
    stop,
  };
}

export { repository };
