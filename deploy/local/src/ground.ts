import { execFileSync, spawnSync } from 'node:child_process';
import { constants, accessSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';

export type Log = (line: string) => void;

/** A port that was free a moment ago on the loopback address. */
export function freePort(): Promise<number> {
  const { promise, resolve: found, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close(() => found(port));
  });
  return promise;
}

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root, so root lends it the first of these users; anyone else keeps their own. */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const found = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (found.status !== 0) continue;
    const gid = execFileSync('id', ['-g', name], { encoding: 'utf8' });
    return { uid: Number(found.stdout), gid: Number(gid) };
  }
  throw new Error(
    'Postgres does not run as root, and neither a user `postgres` nor `nobody` exists; add one, or start as another user.',
  );
}

/** True when a stranger may walk to `path`: every existing folder on the way grants it. */
export function isTraversable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat !== undefined && (stat.mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

export function onPath(command: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, command);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The command line of a live process, or undefined when there is none of that id. */
export function commandOf(pid: number): string | undefined {
  const found = spawnSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' });
  const text = found.stdout.trim();
  return found.status === 0 && text !== '' ? text : undefined;
}

/** Polls until `ready` says so. Only the launcher waits like this; nothing on a request path does. */
export async function until(ready: () => boolean | Promise<boolean>, deadlineMs: number, what: string): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    // Each look depends on the one before it.
    // oxlint-disable-next-line no-await-in-loop
    if (await ready()) return;
    if (performance.now() > end) throw new Error(`${what} within ${deadlineMs} ms.`);
    const { promise, resolve: go } = Promise.withResolvers<void>();
    setTimeout(go, 20);
    // oxlint-disable-next-line no-await-in-loop
    await promise;
  }
}
