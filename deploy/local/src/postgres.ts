import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { serverBinaries } from './binaries.js';
import { type Log, type SystemUser, commandOf, freePort, isTraversable, unprivilegedUser, until } from './ground.js';

export interface LocalPostgres {
  readonly port: number;
  readonly pid: number;
  /** The folder really used: another than asked for when the server's user could not reach that. */
  readonly folder: string;
  /** Derived from the instance's secret, so that a restart knows it without keeping a list. */
  password(login: string): string;
  url(login: string): string;
  /** Fast shutdown: open sessions end, committed work stays. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface LocalPostgresOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** A restart after `kill` asks for the port it had. */
  readonly port?: number;
  /** Further `name=value` settings of the server. `fsync` and `synchronous_commit` are refused. */
  readonly settings?: readonly string[];
  /** Files of 16 MiB that a new instance's write-ahead log has from the beginning; else it makes each when it is needed. */
  readonly logFiles?: number;
}

const database = 'writ';

/**
 * One real, durable Postgres on the loopback address, owned by this process. A folder left over from a killed launcher
 * is taken up again; a folder that a live launcher holds is refused.
 */
export async function startPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const user = unprivilegedUser();
  const native = serverBinaries(user !== undefined, options.log);
  const folder = preparedFolder(options, user);
  const data = join(folder, 'data');
  const secret = secretOf(folder);
  const password = (login: string): string => createHmac('sha256', secret).update(login).digest('base64url');
  await endLeftover(folder, data, options.log);
  const isNew = !existsSync(join(data, 'PG_VERSION'));
  if (isNew) initialise(native, folder, data, user, password('postgres'));

  const port = options.port ?? (await freePort());
  const server = spawn(join(native, 'bin', 'postgres'), ['-D', data, ...serverSettings(port, options)], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: data,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    // Ctrl-C reaches the whole group; the launcher alone decides when the database goes, and it goes last.
    detached: true,
  });
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line !== '') options.log(`postgres: ${line}`);
  });
  // A launcher that ends without `stop` takes the server along; one that is killed leaves it for the next to end.
  const last = (): void => void server.kill('SIGINT');
  process.once('exit', last);
  const url = (login: string): string => `postgres://${login}:${password(login)}@127.0.0.1:${port}/${database}`;
  await becomeReady(server, url('postgres'));
  if (isNew && options.logFiles !== undefined) await lengthenLog(url('postgres'), options.logFiles);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const gone = exited(server);
    if (server.exitCode === null && server.signalCode === null) server.kill(signal);
    await gone;
    process.off('exit', last);
    rmSync(join(folder, 'launcher.pid'), { force: true });
  };
  return { port, pid: server.pid ?? 0, folder, password, url, stop: () => end('SIGINT'), kill: end };
}

function serverSettings(
  port: number,
  { settings: more = [], logFiles }: Pick<LocalPostgresOptions, 'settings' | 'logFiles'>,
): string[] {
  const refused = more.find((setting) => /^(fsync|synchronous_commit|full_page_writes)=/.test(setting));
  if (refused !== undefined)
    throw new Error(`The ledger's promise rests on durable commits; \`${refused}\` is not offered.`);
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=on',
    'synchronous_commit=on',
    'max_connections=100',
    'max_locks_per_transaction=256',
    'password_encryption=scram-sha-256',
    'lc_messages=C',
    'timezone=UTC',
    ...(logFiles === undefined ? [] : [`min_wal_size=${16 * logFiles}MB`]),
    ...more,
  ];
  return settings.flatMap((setting) => ['-c', setting]);
}

/** The folder with the instance's secret and data; elsewhere, and said so, when the server's user cannot reach it. */
function preparedFolder(options: LocalPostgresOptions, user: SystemUser | undefined): string {
  const asked = resolve(options.dataDir);
  const name = createHash('sha256').update(asked).digest('hex').slice(0, 16);
  const folder = user === undefined || isTraversable(asked) ? asked : join(tmpdir(), `writ-data-${name}`);
  if (folder !== asked) options.log(`the data lies in ${folder}: the server's user cannot reach ${asked}`);
  mkdirSync(join(folder, 'data'), { recursive: true });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'data'), 0o700);
  if (user !== undefined) chownSync(join(folder, 'data'), user.uid, user.gid);
  return folder;
}

function secretOf(folder: string): Buffer {
  const path = join(folder, 'secret');
  if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' });
  return readFileSync(path);
}

function initialise(
  native: string,
  folder: string,
  data: string,
  user: SystemUser | undefined,
  password: string,
): void {
  const passwordFile = join(folder, 'initdb.password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const made = spawnSync(join(native, 'bin', 'initdb'), [`--pgdata=${data}`, ...locale, ...access], {
    ...user,
    cwd: data,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  rmSync(passwordFile);
  if (made.status !== 0) throw new Error(`initdb failed in ${data}: ${made.error?.message ?? made.stderr}`);
}

/** A launcher that was killed leaves its server running; a live one is another program's and stays untouched. */
async function endLeftover(folder: string, data: string, log: Log): Promise<void> {
  const launcher = numberIn(join(folder, 'launcher.pid'));
  if (launcher !== undefined && launcher !== process.pid && commandOf(launcher)?.includes('node') === true)
    throw new Error(`Process ${launcher} already runs a database in ${folder}; stop it, or choose another folder.`);
  writeFileSync(join(folder, 'launcher.pid'), String(process.pid));
  const pidFile = join(data, 'postmaster.pid');
  const pid = numberIn(pidFile);
  if (pid === undefined) return;
  if (commandOf(pid)?.includes(data) === true) {
    log(`ending the database ${pid} that an earlier launcher left running`);
    process.kill(pid, 'SIGINT');
    await until(() => commandOf(pid) === undefined, 30_000, `The leftover database ${pid} did not stop`);
  }
  rmSync(pidFile, { force: true });
}

function numberIn(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const value = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return Number.isSafeInteger(value) && value > 1 ? value : undefined;
}

function exited(server: ChildProcess): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  if (server.exitCode !== null || server.signalCode !== null) done();
  else server.once('exit', () => done());
  return promise;
}

async function becomeReady(server: ChildProcess, url: string): Promise<void> {
  const maintenance = url.replace(/\/[^/]*$/, '/postgres');
  const answers = async (): Promise<boolean> => {
    if (server.exitCode !== null)
      throw new Error(`Postgres ended with code ${server.exitCode}; its log above says why.`);
    const client = new Client({ connectionString: maintenance, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  };
  await until(answers, 30_000, 'Postgres did not become ready');
}

/**
 * A file of the log that is not there yet is filled with zeros and flushed by the commit that needs it, while all others wait. A server
 * that has run for a while renames old files instead, so one that is to be measured begins with as many.
 */
async function lengthenLog(url: string, files: number): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    for (let made = 0; made < files; made += 1) {
      // Each file must hold something, or there is nothing to switch from.
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      await admin.query(`SELECT pg_logical_emit_message(false, 'writ', 'one more file')`);
      // oxlint-disable-next-line no-await-in-loop
      await admin.query('SELECT pg_switch_wal()');
    }
    await admin.query('CHECKPOINT');
  } finally {
    await admin.end();
  }
}
