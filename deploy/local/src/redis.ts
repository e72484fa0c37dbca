import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Log, freePort, onPath, until } from './ground.js';

export interface LocalRedis {
  readonly url: string;
  /** 0 when the Redis is someone else's (REDIS_URL). */
  readonly pid: number;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface LocalRedisOptions {
  /** Where an unpacked server may be kept; under the repository's ignored `.writ/`. */
  readonly cacheDir: string;
  readonly log: Log;
  /** REDIS_URL: used as it is, and never stopped. */
  readonly redisUrl?: string;
  /** PATH. */
  readonly path: string;
  readonly port?: number;
}

interface Server {
  readonly file: string;
  readonly argv0: string;
  readonly libraries?: string;
}

/** A Redis: the one of REDIS_URL, else one on PATH, else Debian's own, unpacked into the cache folder and not installed. */
export async function startRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  if (options.redisUrl !== undefined && options.redisUrl !== '') {
    return { url: options.redisUrl, pid: 0, stop: leaveRunning, kill: leaveRunning };
  }
  const found = installed(options.path) ?? unpacked(options);
  const port = options.port ?? (await freePort());
  const server = spawn(found.file, serverArguments(port), {
    argv0: found.argv0,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: options.path, ...(found.libraries === undefined ? {} : { LD_LIBRARY_PATH: found.libraries }) },
    detached: true,
  });
  await until(() => answers(server, port), 10_000, 'Redis did not become ready');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (server.exitCode !== null || server.signalCode !== null) resolve();
    else server.once('exit', () => resolve());
    server.kill(signal);
    await promise;
  };
  return { url: `redis://127.0.0.1:${port}`, pid: server.pid ?? 0, stop: () => end('SIGTERM'), kill: end };
}

function leaveRunning(): Promise<void> {
  return Promise.resolve();
}

/** Nothing that matters is lost with it, so it keeps nothing on disk; and it may never drop a key on its own. */
function serverArguments(port: number): string[] {
  const settings = [
    ['port', String(port)],
    ['bind', '127.0.0.1'],
    ['save', ''],
    ['appendonly', 'no'],
    ['maxmemory-policy', 'noeviction'],
  ];
  return settings.flatMap(([name, value]) => [`--${name}`, value ?? '']);
}

function installed(path: string): Server | undefined {
  for (const name of ['valkey-server', 'redis-server']) {
    const file = onPath(name, path);
    if (file !== undefined) return { file, argv0: name };
  }
  return undefined;
}

function unpacked(options: LocalRedisOptions): Server {
  const root = join(options.cacheDir, 'redis');
  // In Debian `redis-server` is a link to this file, which looks at the name it was started by.
  const file = join(root, 'usr', 'bin', 'redis-check-rdb');
  try {
    if (!existsSync(file)) unpack(root, options);
    const libraries = readdirSync(join(root, 'usr', 'lib')).find((name) => name.endsWith('-linux-gnu'));
    return { file, argv0: 'redis-server', libraries: join(root, 'usr', 'lib', libraries ?? '') };
  } catch (cause) {
    throw new Error(
      'No Redis was found: install one (`brew install valkey`, `apt install redis-server`), or run `docker run -p 6379:6379 valkey/valkey` and set REDIS_URL, or set QUEUE_BACKEND=postgres to do without.',
      { cause },
    );
  }
}

/** Debian and Ubuntu: private package lists, download with apt's own signature check, unpack. No root, no service. */
function unpack(root: string, options: LocalRedisOptions): void {
  if (onPath('apt-get', options.path) === undefined) throw new Error('this system has no apt-get');
  const lists = join(options.cacheDir, 'apt', 'lists');
  const cache = join(options.cacheDir, 'apt', 'cache');
  const packages = join(cache, 'packages');
  for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), packages, root])
    mkdirSync(folder, { recursive: true });
  const settings = [`Dir::State::Lists=${lists}`, `Dir::Cache=${cache}`, 'Debug::NoLocking=1', 'APT::Sandbox::User='];
  const apt = (...command: string[]): void => {
    execFileSync('apt-get', [...settings.flatMap((setting) => ['-o', setting]), '-qq', ...command], {
      cwd: packages,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 120_000,
    });
  };
  options.log('fetching the Redis package of this system into the cache folder; this happens once');
  apt('update');
  apt('download', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1');
  for (const name of readdirSync(packages)) execFileSync('dpkg-deb', ['-x', join(packages, name), root]);
}

function answers(server: ChildProcess, port: number): Promise<boolean> {
  if (server.exitCode !== null) throw new Error(`Redis ended with code ${server.exitCode}.`);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => socket.write('PING\r\n'));
  socket.once('error', () => resolve(false));
  socket.once('data', (data) => {
    socket.destroy();
    resolve(data.toString().startsWith('+PONG'));
  });
  return promise;
}
