import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface RunningApp {
  readonly name: string;
  readonly pid: number;
  /** The one line of JSON that the app prints when it listens. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly logFile: string;
  /** Every line of standard output after the first, e.g. printed mail. */
  onLine(listener: (line: string) => void): void;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

export interface AppOptions {
  readonly name: string;
  /** Compiled entry, relative to the repository. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** `WRIT_…` settings; nothing else of this process's environment reaches the app but what Node needs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logFolder: string;
  readonly readyMs?: number;
}

/** Starts one app as its own process; resolves when it says that it listens. Its output goes to a file. */
export async function startApp({
  name,
  entry,
  args = [],
  settings,
  logFolder,
  readyMs = 30_000,
}: AppOptions): Promise<RunningApp> {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${name}.log`);
  const log = createWriteStream(logFile, { flags: 'a' });
  const env = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value]));
  const child = spawn(process.execPath, ['--enable-source-maps', join(repository, entry), ...args], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const listeners: ((line: string) => void)[] = [];
  child.stderr.pipe(log, { end: false });
  const ready = firstJsonLine(child, name, logFile, readyMs, (line) => {
    log.write(`${line}\n`);
    for (const listener of listeners) listener(line);
  });
  try {
    return running(child, name, await ready, logFile, listeners);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function running(
  child: ChildProcess,
  name: string,
  ready: RunningApp['ready'],
  logFile: string,
  listeners: ((line: string) => void)[],
): RunningApp {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    logFile,
    onLine: (listener) => void listeners.push(listener),
    kill: (signal) => void child.kill(signal),
    async stop(graceMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

function firstJsonLine(
  child: ChildProcess,
  name: string,
  logFile: string,
  readyMs: number,
  onLine: (line: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const fail = (why: string): void => reject(new Error(`${name} ${why}; its log says why: ${logFile}`));
  const timer = setTimeout(() => fail(`was not ready within ${readyMs / 1_000} s`), readyMs);
  child.once('exit', (code, signal) => fail(`ended with ${signal ?? code} before it was ready`));
  child.once('error', (error) => fail(`could not be started (${error.message})`));
  if (!child.stdout) throw new Error('the app has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    onLine(line);
    if (line.startsWith('{"ready":true')) resolve(JSON.parse(line) as Readonly<Record<string, unknown>>);
  });
  return promise.finally(() => clearTimeout(timer));
}
