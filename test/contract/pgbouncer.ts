import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@writ/local';
import { Client } from 'pg';
import { eventually } from './eventually.js';

export interface PgBouncer {
  readonly url: string;
  stop(): Promise<void>;
}

/** PgBouncer in transaction mode with two server connections, in front of one login; undefined when it is not installed. */
export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer | undefined> {
  if (spawnSync('pgbouncer', ['--version']).error !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'writ-bouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  writeSettings(folder, new URL(databaseUrl), port);
  // It refuses to run as root, and steps down by itself.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => void child.on('exit', () => resolve()));
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  await eventually(async () => {
    const client = new Client({ connectionString: url.href });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
  });
  return {
    url: url.href,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeSettings(folder: string, target: URL, port: number): void {
  const [user, password] = [target.username, target.password].map(decodeURIComponent);
  writeFileSync(join(folder, 'users.txt'), `"${user}" "${password}"\n`, { mode: 0o644 });
  const settings = [
    '[databases]',
    `* = host=${target.hostname} port=${target.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${join(folder, 'users.txt')}`,
    'pool_mode = transaction',
    'default_pool_size = 2',
    'ignore_startup_parameters = extra_float_digits,options',
  ];
  writeFileSync(join(folder, 'pgbouncer.ini'), `${settings.join('\n')}\n`, { mode: 0o644 });
}
