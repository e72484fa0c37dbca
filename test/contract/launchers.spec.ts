import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository, startPostgres, startRedis } from '@writ/local';
import { Client } from 'pg';

const log = (): void => undefined;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'writ-launch-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

describe('the Postgres of one machine', () => {
  it('commits durably, speaks UTF-8, listens on the loopback address alone, and keeps its data over a kill', async () => {
    const first = await startPostgres({ dataDir: join(folder, 'one'), log });
    const settings = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets`;
    expect(await ask(first.url('postgres'), settings)).toEqual([
      { fsync: 'on', commit: 'on', encoding: 'UTF8', addresses: '127.0.0.1', sockets: '' },
    ]);
    await ask(first.url('postgres'), `CREATE TABLE kept AS SELECT 'Zürich 🏔' AS name`);
    await first.kill('SIGKILL');
    const second = await startPostgres({ dataDir: join(folder, 'one'), log, port: first.port });
    expect(await ask(second.url('postgres'), 'SELECT name FROM kept')).toEqual([{ name: 'Zürich 🏔' }]);
    await second.stop();
  });

  it('gives a new instance as many files of its log as were asked for, and keeps them', async () => {
    const postgres = await startPostgres({ dataDir: join(folder, 'four'), log, logFiles: 7 });
    const files = `SELECT count(*)::int AS files, current_setting('min_wal_size') AS kept FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'`;
    const [found] = await ask(postgres.url('postgres'), files);
    expect(found?.['files']).toBeGreaterThanOrEqual(7);
    expect(found?.['kept']).toBe('112MB');
    await postgres.stop();
  });

  it('does not offer to make commits less durable', async () => {
    for (const setting of ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'])
      await expect(startPostgres({ dataDir: join(folder, 'two'), log, settings: [setting] })).rejects.toThrow(
        'durable commits',
      );
  });

  it('takes up a folder whose launcher was killed, and refuses one that another launcher holds', async () => {
    const dataDir = join(folder, 'three');
    const script = `const { startPostgres } = await import(${JSON.stringify(pathToFileURL(join(repository, 'deploy/local/dist/index.js')).href)});
      await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, log: () => undefined }); console.log('up');`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    await expect(startPostgres({ dataDir, log })).rejects.toThrow('already runs a database');
    other.kill('SIGKILL');
    await once(other, 'exit');
    const mine = await startPostgres({ dataDir, log });
    expect(await ask(mine.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await mine.stop();
  });
});

describe('the Redis of one machine', () => {
  it('is the one of REDIS_URL when that is set, and then is not ours to stop', async () => {
    const redis = await startRedis({ cacheDir: folder, log, path: '', redisUrl: 'redis://elsewhere:6379' });
    expect(redis).toMatchObject({ url: 'redis://elsewhere:6379', pid: 0 });
    await redis.stop();
  });

  it('says in one sentence what to install when there is none', async () => {
    await expect(startRedis({ cacheDir: join(folder, 'none'), log, path: '/nonexistent' })).rejects.toThrow(
      /brew install valkey.*docker run.*REDIS_URL.*QUEUE_BACKEND=postgres/,
    );
  });
});
