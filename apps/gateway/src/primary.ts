import cluster, { type Worker } from 'node:cluster';
import { limits } from '@writ/domain';
import type { Log } from '@writ/platform';
import { isToPrimary, type ToWorker } from './messages.js';

export interface PrimaryOptions {
  readonly processes: number;
  readonly drainMs: number;
  readonly log: Log;
  /** Called once, when the first full set of processes listens. */
  readonly onListening: (port: number) => void;
  /** Told when a first process finds this machine's clock off, and when none does any more. */
  readonly onClock: (isOff: boolean) => void;
}

const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** A process that lived for so long did not die of its start. */
const healthyMs = 30_000;
/** Nobody takes over when everything ends, so nobody is waited for. */
const idleAtEndMs = 250;

/**
 * V8's young generation, MiB a half. A request makes a few hundred KiB that live as long as it does; in the standard 16 MiB,
 * requests in flight outlive two scavenges and are copied to the old generation, where they are dear to collect.
 */
const youngGenerationMiB = 64;

/** Resolves with the port once the new process listens. */
async function start(): Promise<number> {
  const worker = cluster.fork();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  worker.once('listening', (address) => resolve(address.port));
  worker.once('exit', (code) => reject(new Error(`a gateway process ended with ${code} before it listened`)));
  return await promise;
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

/** A channel that closed a moment ago must not throw in the primary: that would end the whole gateway. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/**
 * Keeps `processes` gateway processes alive. SIGTERM and SIGINT drain them all and end; SIGHUP replaces them one by one,
 * each only after its successor listens, so that no request fails. A successor is told the tenants in use before it listens.
 * The primary owns the signals; workers ignore them.
 */
export function runPrimary(options: PrimaryOptions): void {
  const { processes, log, onListening } = options;
  cluster.setupPrimary({ execArgv: withYoungGeneration(process.execArgv) });
  const primary = new Primary(options);
  let rolling: Promise<void> = Promise.resolve();
  process.on('SIGTERM', () => void primary.stop());
  process.on('SIGINT', () => void primary.stop());
  process.on('SIGHUP', () => {
    rolling = rolling
      .then(() => primary.roll())
      .catch((error: unknown) => log.error({ err: error }, 'the rolling restart stopped'));
  });
  Promise.all(Array.from({ length: processes }, start)).then(
    ([port]) => onListening(port ?? 0),
    (error: unknown) => {
      log.error({ err: error }, 'the gateway did not start');
      process.exit(1);
    },
  );
}

/** What the operator says on the command line holds. */
function withYoungGeneration(given: readonly string[]): string[] {
  const isGiven = given.some((flag) => flag.startsWith('--max-semi-space-size'));
  return isGiven ? [...given] : [...given, `--max-semi-space-size=${youngGenerationMiB}`];
}

class Primary {
  readonly #listenedAt = new Map<number, number>();
  readonly #leaving = new Set<number>();
  /** Tenants that processes serve, the one served first the longest ago in front. */
  readonly #served = new Set<string>();
  /** Processes that found the clock off. */
  readonly #clockOff = new Set<number>();
  #stopping = false;
  #earlyDeaths = 0;

  constructor(private readonly options: PrimaryOptions) {
    cluster.on('listening', (worker) => this.#listenedAt.set(worker.id, performance.now()));
    cluster.on('message', (worker, message: unknown) => this.#hear(worker, message));
    cluster.on('exit', (worker, code, signal) => this.#died(worker, { code, signal }));
  }

  async roll(): Promise<void> {
    for (const old of workers()) {
      if (this.#stopping) return;
      if (old.isDead()) continue;
      // One after the other is the point: the others serve meanwhile.
      // oxlint-disable-next-line no-await-in-loop
      if (!(await this.#succeed(old))) return;
      // oxlint-disable-next-line no-await-in-loop
      await this.#drain(old, limits.drainIdleMs);
    }
    this.options.log.info('every gateway process was replaced');
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await Promise.all(workers().map((worker) => this.#drain(worker, idleAtEndMs)));
    process.exit(0);
  }

  #hear(worker: Worker, message: unknown): void {
    if (!isToPrimary(message)) return;
    if (message.kind === 'clock') return this.#heardOfClock(worker.id, message.isOff);
    if (message.kind === 'starts') return tell(worker, { kind: 'prepare', tenants: [...this.#served].toReversed() });
    this.#served.delete(message.tenant);
    this.#served.add(message.tenant);
    const [oldest] = this.#served;
    if (this.#served.size > limits.snapshotsHeld && oldest !== undefined) this.#served.delete(oldest);
  }

  #heardOfClock(id: number, isOff: boolean): void {
    const before = this.#clockOff.size > 0;
    if (isOff) this.#clockOff.add(id);
    else this.#clockOff.delete(id);
    const after = this.#clockOff.size > 0;
    if (before !== after) this.options.onClock(after);
  }

  /** Starts the successor. False when it did not come up: the old one stays, and the rolling restart ends there. */
  async #succeed(old: Worker): Promise<boolean> {
    // Should the old one die meanwhile, its successor is on its way already.
    this.#leaving.add(old.id);
    try {
      await start();
      return true;
    } catch (error) {
      const sentence = 'the rolling restart stopped: the new process did not start, and the old ones stay';
      this.options.log.error({ err: error }, sentence);
      this.#leaving.delete(old.id);
      if (old.isDead() && !this.#stopping) void this.#replace();
      return false;
    }
  }

  async #drain(worker: Worker, idleMs: number): Promise<void> {
    if (worker.isDead()) return;
    this.#leaving.add(worker.id);
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    tell(worker, { kind: 'shut-down', idleMs });
    const deadline = setTimeout(() => worker.process.kill('SIGKILL'), this.options.drainMs);
    await gone;
    clearTimeout(deadline);
  }

  #died(worker: Worker, how: { readonly code: number; readonly signal: string }): void {
    const since = this.#listenedAt.get(worker.id);
    this.#listenedAt.delete(worker.id);
    this.#heardOfClock(worker.id, false);
    // Whoever started one that never listened hears of it there.
    if (this.#leaving.has(worker.id) || this.#stopping || since === undefined) return;
    this.#earlyDeaths = performance.now() - since < healthyMs ? this.#earlyDeaths + 1 : 0;
    this.options.log.error(how, 'a gateway process died and is replaced');
    void this.#replace();
  }

  /** Tries until one listens, with longer and longer pauses while they die early. */
  async #replace(): Promise<void> {
    for (;;) {
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#earlyDeaths);
      // oxlint-disable-next-line no-await-in-loop -- each try waits for the one before
      await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs));
      if (this.#stopping) return;
      try {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await start();
        return;
      } catch (error) {
        this.#earlyDeaths += 1;
        this.options.log.error({ err: error }, 'a gateway process could not be replaced; it is tried again');
      }
    }
  }
}
