import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  deploymentKeys,
  repository,
  startPostgres,
  startRedis,
  type LocalPostgres,
  type LocalRedis,
} from '@writ/local';
import { logins, migrate, planePool, type Passwords } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { benchIssuer, logName, type Registry } from './tenants.js';

export const here = dirname(fileURLToPath(import.meta.url));

/** Everything that is not a gateway: database, Redis, upstream, keys. All of it on the cores of the rest. */
export interface Room {
  readonly folder: string;
  readonly postgres: LocalPostgres;
  readonly redis: LocalRedis;
  readonly upstreamPort: number;
  readonly upstreamPid: number;
  readonly registry: Registry;
  /** `WRIT_…` settings of a gateway in this room. */
  settings(processes: number, port: number): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** So many that Postgres has reached a checkpoint, and takes up old ones again, before it has written them all (`max_wal_size`). */
const logFilesOfMeasured = 40;

/** Starts inside the affinity of this process, which `main` has bound to the cores of the rest. */
export async function openRoom(logFiles = logFilesOfMeasured): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-bench-'));
  const keys = deploymentKeys(join(folder, 'keys'), logName);
  const issuer = benchIssuer();
  const jwksFile = join(folder, 'jwks.json');
  writeFileSync(jwksFile, issuer.jwks);
  const upstream = await startScript(join(here, 'upstream.js'), [jwksFile], {});
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: unheard, logFiles });
  const redis = await startRedis({
    log: unheard,
    cacheDir: join(repository, '.writ', 'redis'),
    path: process.env['PATH'] ?? '',
  });
  const passwords = Object.fromEntries(logins.map((login) => [login, postgres.password(login)])) as Passwords;
  await migrate(postgres.url('postgres'), passwords, controlMigrations);
  const plane = planePool('writ_tenant_api', { url: postgres.url('writ_tenant_api'), max: 2 });
  const url = `http://127.0.0.1:${upstream.port}`;
  const { masterKeyFile, snapshotKeyFile } = keys;
  return {
    folder,
    postgres,
    redis,
    upstreamPort: upstream.port,
    upstreamPid: upstream.pid,
    registry: { plane, issuer, url, masterKeyFile, snapshotKeyFile, made: [] },
    settings: (processes, port) => ({
      WRIT_LISTEN_PORT: String(port),
      WRIT_PROCESSES: String(processes),
      WRIT_DATABASE_URL: postgres.url('writ_gateway'),
      WRIT_REDIS_URL: redis.url,
      WRIT_LOG_NAME: logName,
      WRIT_MASTER_KEY_FILE: masterKeyFile,
      WRIT_WRITER_AUTHORITY_KEY_FILE: keys.writerAuthorityKeyFile,
      WRIT_SNAPSHOT_PUBLIC_KEY_FILE: keys.snapshotPublicKeyFile,
      WRIT_ADMIN_AUDIENCE: 'https://tenant-api.bench.example',
      WRIT_EGRESS_ALLOW_HOSTS: new URL(url).host,
      WRIT_LOG_LEVEL: 'error',
    }),
    async close() {
      await plane.close();
      await upstream.stop();
      await redis.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
      rmSync(postgres.folder, { recursive: true, force: true });
    },
  };
}

const unheard = (): void => undefined;

export interface Script {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs one of the bench's own scripts, which says on its first line where it listens. */
export async function startScript(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Script> {
  const child = spawn(process.execPath, [...flags, file, ...args], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await firstPort(child, file);
  return { port, pid: child.pid ?? 0, stop: () => end(child) };
}

function firstPort(child: ChildProcess, file: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it listened`)));
  if (!child.stdout) throw new Error('a script of the bench has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"ready":true')) return;
    const { port } = JSON.parse(line) as { readonly port: number };
    resolve(port);
  });
  return promise;
}

/** SIGTERM, and SIGKILL for whoever is still there after ten seconds. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
