import cluster, { type Worker } from 'node:cluster';
import type { Log } from '@writ/platform';

export interface PrimaryOptions {
  readonly processes: number;
  readonly drainMs: number;
  readonly log: Log;
  /** Called once, when the first full set of processes listens. */
  readonly onListening: (port: number) => void;
}

type ToWorker = { readonly kind: 'shut-down' };

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

/**
 * Keeps `processes` gateway processes alive. SIGTERM and SIGINT drain them all and end; SIGHUP replaces them one by one,
 * each only after its successor listens, so that no request fails. The primary owns the signals; workers ignore them.
 */
export function runPrimary({ processes, drainMs, log, onListening }: PrimaryOptions): void {
  const leaving = new Set<number>();
  let stopping = false;
  let rolling: Promise<void> = Promise.resolve();

  async function drain(worker: Worker): Promise<void> {
    leaving.add(worker.id);
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const message: ToWorker = { kind: 'shut-down' };
    if (worker.isConnected()) worker.send(message, () => undefined);
    const deadline = setTimeout(() => worker.process.kill('SIGKILL'), drainMs);
    await gone;
    clearTimeout(deadline);
  }

  async function roll(): Promise<void> {
    for (const old of workers()) {
      if (stopping) return;
      await start();
      await drain(old);
    }
    log.info('every gateway process was replaced');
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    await Promise.all(workers().map(drain));
    process.exit(0);
  }

  cluster.on('exit', (worker, code, signal) => {
    if (stopping || leaving.delete(worker.id)) return;
    log.error({ code, signal }, 'a gateway process died and is replaced');
    setTimeout(() => {
      if (!stopping)
        start().catch((error: unknown) => log.error({ err: error }, 'a gateway process could not be replaced'));
    }, 200);
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

/** The worker's side: drains when the primary says so, or when the primary is gone. */
export function onShutDown(shutDown: () => Promise<void>): void {
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  const leave = (): void => {
    shutDown().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('message', (message: unknown) => {
    if (typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'shut-down') leave();
  });
  process.on('disconnect', leave);
}
