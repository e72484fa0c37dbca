import { Server } from 'node:net';
import { isToWorker, type ToPrimary } from './messages.js';

/** Tells the primary; a worker without one, as in a test, tells nobody. */
export function tellPrimary(message: ToPrimary): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** The tenants that the other processes serve, the most recent first. Asked before this process listens. */
export async function tenantsInUse(): Promise<readonly string[]> {
  if (!process.connected) return [];
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const hear = (message: unknown): void => {
    if (!isToWorker(message) || message.kind !== 'prepare') return;
    process.off('message', hear);
    resolve(message.tenants);
  };
  process.on('message', hear);
  tellPrimary({ kind: 'starts' });
  return await promise;
}

/** Drains when the primary says so, or when the primary is gone. Signals are the primary's: Ctrl-C reaches the whole group. */
export function onShutDown(shutDown: (idleMs: number) => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let leaving = false;
  const leave = (idleMs: number): void => {
    if (leaving) return;
    leaving = true;
    shutDown(idleMs).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('message', (message: unknown) => {
    if (isToWorker(message) && message.kind === 'shut-down') leave(message.idleMs);
  });
  process.on('disconnect', () => leave(0));
}

/**
 * Takes no new connection, and waits until those it has are closed: each is told so with its next answer. After `idleMs`
 * whoever has not asked again may be closed without harm. Closing idle connections at once would hit the request that is
 * just on its way.
 */
export async function refuseConnections(server: Server, idleMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Not the HTTP server's own `close`: that one closes idle connections at once.
  Server.prototype.close.call(server, () => resolve());
  const timer = setTimeout(resolve, idleMs);
  await promise;
  clearTimeout(timer);
}
