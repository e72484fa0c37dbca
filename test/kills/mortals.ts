import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalPostgres, type RunningApp, type Stack, startApp, startPostgres } from '@writ/local';

/**
 * Who dies: at a moment of its own, or at a named point of a gateway process or of the sequencer. Twice a round the whole
 * gateway dies, its primary too: a primary that sees its processes die young waits longer and longer before it starts others.
 */
export const victims = [
  'gateway',
  'worker',
  'before-append',
  'before-put',
  'after-append',
  'after-put',
  'whole-gateway',
  'before-upstream',
  'after-commit',
  'after-upstream',
  'postgres',
  'before-socket',
  'worker',
  'after-socket',
  'whole-gateway',
] as const;
export type Victim = (typeof victims)[number];

/** Points that only the sequencer passes. */
const ofSequencer: ReadonlySet<Victim> = new Set(['before-put', 'after-put']);

/** Longest until a part is back, on a machine that is busy with other things. */
export const recoveryMs = 180_000;

/** The parts of a stack that die and come back. */
export class Mortals {
  postgres: LocalPostgres;
  #worker: RunningApp;
  #workerStarts: Promise<void> = Promise.resolve();
  /** Until the new one is ready, `#worker` is the dead one. */
  #isWorkerStarting = false;
  #gateway: RunningApp;
  #isRestarted = false;

  constructor(
    private readonly stack: Stack,
    private readonly options: { readonly folder: string; readonly random: () => number },
    private readonly failpoint: string,
  ) {
    this.postgres = stack.postgres;
    this.#worker = stack.worker;
    this.#gateway = stack.gateway;
  }

  /** Resolves when nothing is on its way back any more. */
  async settled(): Promise<void> {
    await this.#workerStarts;
  }

  async stop(): Promise<void> {
    await this.#workerStarts.catch(() => undefined);
    await this.#worker.stop();
    await this.#gateway.stop();
    if (this.#isRestarted) await this.postgres.stop();
  }

  /** How many processes died. */
  async kill(victim: Victim): Promise<number> {
    switch (victim) {
      case 'gateway':
        return this.#killGateway();
      case 'whole-gateway':
        return this.#killWholeGateway();
      case 'worker':
        await this.#workerStarts;
        this.#worker.kill('SIGKILL');
        this.#startWorker();
        return 1;
      case 'postgres':
        await this.postgres.kill('SIGKILL');
        this.postgres = await startPostgres({
          dataDir: join(this.options.folder, 'postgres'),
          log: () => undefined,
          port: this.postgres.port,
        });
        this.#isRestarted = true;
        return 1;
      default:
        return this.#killAt(victim);
    }
  }

  /** One of its processes; the primary starts another. */
  #killGateway(): number {
    const pids = childrenOf(this.#gateway.pid);
    const pid = pids[Math.floor(this.options.random() * pids.length)];
    if (pid === undefined) return 0;
    process.kill(pid, 'SIGKILL');
    return 1;
  }

  async #killWholeGateway(): Promise<number> {
    const { pid } = this.#gateway;
    const pids = [pid, ...childrenOf(pid)];
    for (const each of pids) process.kill(each, 'SIGKILL');
    this.#gateway = await startApp({
      name: 'gateway',
      entry: 'apps/gateway/dist/main.js',
      settings: this.stack.gatewaySettings,
      logFolder: this.stack.logFolder,
      readyMs: recoveryMs,
    });
    return pids.length;
  }

  /** The first process that reaches the point takes the file away and dies. */
  async #killAt(point: Victim): Promise<number> {
    if (ofSequencer.has(point)) await this.#workerStarts;
    writeFileSync(this.failpoint, point);
    const end = performance.now() + 3_000;
    while (performance.now() < end && isThere(this.failpoint)) await pause(5);
    const isHit = !isThere(this.failpoint);
    rmSync(this.failpoint, { force: true });
    // The file goes a moment before the process does.
    if (isHit) await this.#workerGone(1_000);
    if (!this.#isWorkerStarting && !isAlive(this.#worker.pid)) this.#startWorker();
    return isHit ? 1 : 0;
  }

  async #workerGone(withinMs: number): Promise<void> {
    for (const end = performance.now() + withinMs; performance.now() < end && isAlive(this.#worker.pid);)
      // oxlint-disable-next-line no-await-in-loop -- each look follows the pause before it
      await pause(20);
  }

  /** It comes back while others die. */
  #startWorker(): void {
    this.#isWorkerStarting = true;
    this.#workerStarts = startApp({
      name: 'worker',
      entry: 'apps/worker/dist/main.js',
      args: ['--roles', 'sequencer,sweeper'],
      settings: this.stack.workerSettings,
      logFolder: this.stack.logFolder,
      readyMs: recoveryMs,
    })
      .then((worker) => {
        this.#worker = worker;
      })
      .finally(() => {
        this.#isWorkerStarting = false;
      });
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

function isThere(path: string): boolean {
  return readdirSync(join(path, '..')).includes('failpoint');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The moment of a kill, and the pace of looking at other processes. */
export function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
