import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type OnboardedTenant,
  type Stack,
  freePort,
  onboard,
  repository,
  reviewStates,
  reviewedRequests,
  send,
  startStack,
  verifyExport,
} from '@writ/local';
import { jobClasses } from '@writ/worker';
import { Client } from 'pg';
import { eventually } from '../contract/eventually.js';

let stack: Stack;
let tenant: OnboardedTenant;
let admin: Client;
let uuid: string;
let tokenFile: string;
let managementPort: number;
const folder = mkdtempSync(join(tmpdir(), 'writ-worker-journey-'));
const daily = 30_000;

beforeAll(async () => {
  managementPort = await freePort();
  const worker = { WRIT_MANAGEMENT_PORT: String(managementPort) };
  stack = await startStack({ folder, log: () => undefined, workerQueues: 'postgres', settings: { worker } });
  tenant = await onboard(stack, 'mercy', () => undefined);
  admin = new Client({ connectionString: stack.postgres.url('postgres') });
  await admin.connect();
  const { rows } = await admin.query<{ id: string }>('SELECT id FROM control.tenant');
  uuid = rows[0]?.id ?? '';
  await admin.query(`SELECT set_config('app.tenant', $1, false)`, [uuid]);
  tokenFile = join(folder, 'ada.token');
  writeFileSync(tokenFile, tenant.client.token ?? '');
}, 120_000);

afterAll(async () => {
  await admin?.end();
  await stack?.stop();
}, 60_000);

/** The command line against the running server; its JSON. */
async function writ<T>(...args: readonly string[]): Promise<T> {
  const program = join(repository, 'apps/cli/dist/main.js');
  const reaching = ['--api', stack.urls.tenantApi, '--token-file', tokenFile, '--json'];
  const child = spawn(process.execPath, [program, ...args, ...reaching]);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  expect([status, text.err]).toEqual([0, '']);
  return JSON.parse(text.out) as T;
}

interface Job {
  readonly id: string;
  readonly queue: string;
  readonly state: string;
  readonly failure: string | null;
}

/** What five failures leave behind. */
async function aDeadJob(): Promise<void> {
  const id = randomUUID();
  await admin.query(`SELECT control.enqueue($1, $2, 'deliver', '{}', 3600000, 1)`, [uuid, id]);
  await admin.query(`SELECT control.give_up_work($1, $2, 'the receiver answered 500')`, [uuid, id]);
}

describe('a worker whose queues are in Postgres, and that knows of no Redis', () => {
  it(
    'reviews: pending, then confirmed, and the next request of the conversation is denied',
    async () => {
      const [first, next] = reviewedRequests;
      expect((await send(stack, first!)).status).toBe(200);
      expect((await reviewStates(tenant.client, 'CONFIRMED', 400)).at(-1)).toBe('CONFIRMED');
      expect((await send(stack, next!)).status).toBe(403);
    },
    daily,
  );
});

describe('writ jobs', () => {
  it(
    'F28: shows what was given up, has it tried again by the running worker, and dismisses it with a reason',
    async () => {
      await aDeadJob();
      const [dead] = await writ<readonly Job[]>('jobs', 'list', '--state', 'dead');
      expect(dead).toMatchObject({ queue: 'deliver', state: 'DEAD', failure: 'the receiver answered 500' });
      await writ('jobs', 'retry', '--job', dead?.id ?? '');
      // Its sink does not exist, so there is nothing to deliver and it is done.
      await eventually(async () => {
        const left = await writ<readonly Job[]>('jobs', 'list');
        expect(left.filter(({ id }) => id === dead?.id)).toEqual([]);
      }, daily);
      await aDeadJob();
      const [other] = await writ<readonly Job[]>('jobs', 'list', '--state', 'dead');
      await writ('jobs', 'dismiss', '--job', other?.id ?? '', '--reason', 'the receiver is gone');
      expect(await writ<readonly Job[]>('jobs', 'list', '--state', 'dead')).toEqual([]);
    },
    daily,
  );
});

interface Export {
  readonly id: string;
  readonly state: string;
  readonly bytes: string | null;
  readonly sha256: string | null;
}

const get = (id: string): Promise<Response> =>
  fetch(`${stack.urls.tenantApi}/exports/${id}`, {
    headers: { authorization: `Bearer ${tenant.client.token ?? ''}` },
  });

describe('writ exports', () => {
  it('asks for a bundle, follows it to its end, and what is handed out is the file that was made', async () => {
    const dayMs = 86_400_000;
    const range = [-dayMs, dayMs].map((ms) => new Date(Date.now() + ms).toISOString());
    const request = ['--purpose', 'audit of the year', '--from', range[0] ?? '', '--to', range[1] ?? ''];
    const asked = await writ<Export>('exports', 'request', ...request);
    let ready: Export | undefined;
    await eventually(async () => {
      ready = (await writ<readonly Export[]>('exports', 'list')).find(({ id }) => id === asked.id);
      expect(ready?.state).toBe('ready');
    }, daily);
    const [file = ''] = readdirSync(join(folder, 'exports', uuid)).filter((name) => name.endsWith('.tar'));
    const place = join(folder, 'exports', uuid, file);
    const handed = Buffer.from(await (await get(asked.id)).arrayBuffer());
    expect(Buffer.compare(handed, readFileSync(place))).toBe(0);
    expect(createHash('sha256').update(handed).digest('hex')).toBe(ready?.sha256);
    expect((await verifyExport(stack, place, () => undefined)).code).toBe(0);
    // One byte of the file is another: the last piece does not leave, and here it is the only one.
    handed[handed.length - 600] = (handed[handed.length - 600] ?? 0) ^ 1;
    writeFileSync(place, handed);
    expect((await get(asked.id)).status).toBe(500);
  }, 60_000);
});

const measures = async (): Promise<string> => (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();

describe('the measures of the worker', () => {
  it('tell depth, age, dead letters of every class, and runs by their result', async () => {
    // Depths are read four times a minute.
    await eventually(async () => {
      const seen = await measures();
      for (const { queue } of Object.values(jobClasses))
        for (const name of ['waiting', 'in_flight', 'dead', 'oldest_seconds'])
          expect(seen).toMatch(new RegExp(`^writ_jobs_${name}\\{queue="${queue}"\\} [0-9.e+]+$`, 'm'));
    }, daily);
    const text = await measures();
    expect(text).toMatch(/^writ_jobs_total\{queue="review",result="done"\} [1-9]/m);
    expect(text).toMatch(/^writ_job_seconds_count\{queue="export"\} [1-9]/m);
  }, 60_000);
});

describe('retention as a job', () => {
  it('prunes what has expired, by an order in the log, when its turn comes', async () => {
    const schema = `t_${uuid.replaceAll('-', '')}`;
    const count = async (): Promise<number> =>
      (await admin.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${schema}.record`)).rows[0]?.n ?? -1;
    const before = await count();
    await admin.query('ALTER TABLE ledger.retention_class DROP CONSTRAINT retention_class_keep_check');
    await admin.query(`UPDATE ledger.retention_class SET keep = '1 millisecond'`);
    await admin.query(`SELECT control.enqueue($1, $2, 'retention', '{"kind":"prune"}', 0, 1)`, [uuid, randomUUID()]);
    await eventually(async () => expect(await count()).toBeLessThan(before / 2), daily);
  }, 60_000);
});
