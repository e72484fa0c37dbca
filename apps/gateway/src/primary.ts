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
}

const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** A process that lived for so long did not die of its start. */
const healthyMs = 30_000;
/** Nobody takes over when everything ends, so nobody is waited for. */
const idleAtEndMs = 250;

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
export function runPrimary({ processes, drainMs, log, onListening }: PrimaryOptions): void {
  const listenedAt = new Map<number, number>();
  const leaving = new Set<number>();
  const served = new Set<string>();
  let stopping = false;
  let rolling: Promise<void> = Promise.resolve();
  let earlyDeaths = 0;

  cluster.on('listening', (worker) => listenedAt.set(worker.id, performance.now()));
  cluster.on('message', (worker, message: unknown) => {
    if (!isToPrimary(message)) return;
    if (message.kind === 'starts') return tell(worker, { kind: 'prepare', tenants: [...served].toReversed() });
    served.delete(message.tenant);
    served.add(message.tenant);
    const [oldest] = served;
    if (served.size > limits.snapshotsHeld && oldest !== undefined) served.delete(oldest);
  });

  async function drain(worker: Worker, idleMs: number): Promise<void> {
    if (worker.isDead()) return;
    leaving.add(worker.id);
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    tell(worker, { kind: 'shut-down', idleMs });
    const deadline = setTimeout(() => worker.process.kill('SIGKILL'), drainMs);
    await gone;
    clearTimeout(deadline);
  }

  /** False when no successor came up: the old one stays, and the rolling restart ends there. */
  async function succeed(old: Worker): Promise<boolean> {
    try {
      await start();
      return true;
    } catch (error) {
      log.error({ err: error }, 'the rolling restart stopped: the new process did not start, and the old ones stay');
      leaving.delete(old.id);
      if (old.isDead() && !stopping) void replace();
      return false;
    }
  }

  async function roll(): Promise<void> {
    for (const old of workers()) {
      if (stopping) return;
      if (old.isDead()) continue;
      // Should it die meanwhile, its successor is on its way already.
      leaving.add(old.id);
      // One after the other is the point: the others serve meanwhile.
      // oxlint-disable-next-line no-await-in-loop
      const started = await succeed(old);
      if (!started) return;
      // oxlint-disable-next-line no-await-in-loop
      await drain(old, limits.drainIdleMs);
    }
    log.info('every gateway process was replaced');
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    await Promise.all(workers().map((worker) => drain(worker, idleAtEndMs)));
    process.exit(0);
  }

  /** Tries until one listens, with longer and longer pauses while they die early. */
  async function replace(): Promise<void> {
    for (;;) {
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** earlyDeaths);
      // oxlint-disable-next-line no-await-in-loop -- each try waits for the one before
      await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs));
      if (stopping) return;
      try {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await start();
        return;
      } catch (error) {
        earlyDeaths += 1;
        log.error({ err: error }, 'a gateway process could not be replaced; it is tried again');
      }
    }
  }

  cluster.on('exit', (worker, code, signal) => {
    const since = listenedAt.get(worker.id);
    listenedAt.delete(worker.id);
    // Whoever started one that never listened hears of it there.
    if (leaving.delete(worker.id) || stopping || since === undefined) return;
    earlyDeaths = performance.now() - since < healthyMs ? earlyDeaths + 1 : 0;
    log.error({ code, signal }, 'a gateway process died and is replaced');
    void replace();
  });
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
  process.on('SIGHUP', () => {
    rolling = rolling.then(roll).catch((error: unknown) => log.error({ err: error }, 'the rolling restart stopped'));
  });

  Promise.all(Array.from({ length: processes }, start)).then(
    ([port]) => onListening(port ?? 0),
    (error: unknown) => {
      log.error({ err: error }, 'the gateway did not start');
      process.exit(1);
    },
  );
}
