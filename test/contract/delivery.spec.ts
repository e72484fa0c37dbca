import { createHmac, randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { logSigner } from '@writ/ledger';
import { startObjectStore } from '@writ/simulator';
import { guardedDispatcher, sealText, systemClock } from '@writ/platform';
import { enqueue, postgresLedgerStore, sequencerStore, withTenant, workIndex, writerRegister } from '@writ/postgres';
import { s3Bucket } from '@writ/s3';
import { Runtime, Sequencer, deliverJob, jobClasses, notifyJob } from '@writ/worker';
import { generateKeyPairSync } from 'node:crypto';
import { type TestDatabase, startDatabase } from './database.js';
import { seal } from './job-room.js';
import { LeafMaker } from './leaves.js';
import { aLog } from './records.js';

const key = Buffer.alloc(32, 9);
const logKey = logSigner(generateKeyPairSync('ed25519').privateKey);
interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}
const received: Received[] = [];
let answerWith = 200;
let database: TestDatabase;
let receiver: Server;
let host: string;

beforeAll(async () => {
  database = await startDatabase();
  receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      received.push({ headers: request.headers, text });
      response.writeHead(answerWith).end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  receiver.listen(0, '127.0.0.1', resolve);
  await promise;
  host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  await writerRegister(database.plane('writ_gateway', 1)).enrol({
    id: 'gw-1',
    kind: 'gateway',
    publicKey: 'k',
    statement: 's',
  });
});
afterAll(async () => {
  receiver.close();
  await database.close();
});

async function aSink(
  tenant: TenantContext,
  kind: string,
  url: string,
  settings = {},
  secret = `whsec_${key.toString('base64')}`,
): Promise<string> {
  const id = randomUUID();
  const admin = await database.session('postgres');
  await admin.query(
    'INSERT INTO control.sink (id, tenant_id, name, kind, url, settings, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [
      id,
      tenant.tenant,
      `sink ${id}`,
      kind,
      url,
      JSON.stringify(settings),
      sealText(aLog(tenant).contentKey, `${tenant.tenant}|sink|${id}`, secret),
    ],
  );
  return id;
}

async function records(tenant: TenantContext, count: number): Promise<void> {
  const maker = new LeafMaker(`gw-1`);
  const lane = Math.floor(Math.random() * 1_000_000);
  const store = postgresLedgerStore(database.plane('writ_gateway', 2));
  for (let n = 0; n < count; n += 1) {
    expect(await store.append([maker.leaf(tenant.tenant, { lane })])).toEqual({ kind: 'durable' });
  }
  const sequencer = new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer', 2)),
    key: logKey,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: () => undefined,
  });
  while ((await sequencer.tick()).kind === 'committed');
}

/** Runs everything that waits in one queue, once, as the worker would. */
async function runQueue(tenant: TenantContext, queue: 'notify' | 'deliver'): Promise<readonly string[]> {
  const plane = database.plane('writ_worker', 3);
  const parts = {
    plane,
    reading: database.plane('writ_exporter', 2),
    logs: () => Promise.resolve(aLog(tenant)),
    egress: guardedDispatcher({ allowHosts: [host], connectMs: 1_000 }),
    allowHosts: [host],
    clock: systemClock,
  };
  const runtime = new Runtime(jobClasses[queue], queue === 'notify' ? notifyJob(parts) : deliverJob(parts), {
    index: workIndex(plane),
    seal,
    clock: systemClock,
    random: () => 0,
    stopping: new AbortController().signal,
    onProblem: () => undefined,
    onResult: () => undefined,
    reached: () => undefined,
  });
  const waiting = await withTenant(plane, tenant, ({ query }) =>
    query<{ id: string }>('SELECT id FROM control.work WHERE queue = $1 AND dead_at IS NULL ORDER BY created_at', [
      queue,
    ]),
  );
  const results: string[] = [];
  for (const { id } of waiting)
    results.push(await runtime.take(seal.seal(queue, { tenant: tenant.tenant, job: id, attempt: 0 })));
  return results;
}

async function wake(tenant: TenantContext, sink: string): Promise<void> {
  await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
    enqueue(query, tenant.tenant, { id: randomUUID(), queue: 'deliver', payload: { kind: 'events', sink } }),
  );
}

const isSigned = ({ headers, text }: Received): boolean =>
  headers['webhook-signature'] ===
  `v1,${createHmac('sha256', key)
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`)
    .digest('base64')}`;

describe('a webhook', () => {
  it('gets each notice once for each sink, signed, numbered without a gap, under an id that stays when it is repeated', async () => {
    const tenant = await database.tenant();
    await aSink(tenant, 'webhook', `http://${host}/hook`);
    received.length = 0;
    for (const threshold of [50, 80]) {
      await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
        enqueue(query, tenant.tenant, {
          id: randomUUID(),
          queue: 'notify',
          payload: { kind: 'budget.threshold', threshold },
        }),
      );
    }
    expect(await runQueue(tenant, 'notify')).toEqual(['done', 'done']);
    answerWith = 500;
    expect(await runQueue(tenant, 'deliver')).toEqual(['failed', 'failed']);
    answerWith = 200;
    expect(await runQueue(tenant, 'deliver')).toEqual(['done', 'done']);
    expect(received.every(isSigned)).toBe(true);
    const bodies = received.map(({ text }) => JSON.parse(text) as { sequence: number; data: { threshold: number } });
    expect(bodies.map(({ sequence }) => sequence)).toEqual([1, 2, 1, 2]);
    expect(bodies.map(({ data }) => data.threshold)).toEqual([50, 80, 50, 80]);
    const ids = received.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  });

  it('on a private address that the operators did not allow is never dialled', async () => {
    const tenant = await database.tenant();
    const sink = await aSink(tenant, 'webhook', 'http://127.0.0.1:1/hook');
    received.length = 0;
    await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
      enqueue(query, tenant.tenant, { id: randomUUID(), queue: 'deliver', payload: { kind: 'test', sink } }),
    );
    expect(await runQueue(tenant, 'deliver')).toEqual(['failed']);
    const rows = await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
      query<{ failure: string }>('SELECT failure FROM control.sink WHERE id = $1', [sink]),
    );
    expect(rows[0]?.failure).toContain('EGRESS_REFUSED');
  });
});

describe('a sink of events', () => {
  it('gets every record at least once, in ranges that join without a gap, whatever fails between', async () => {
    const tenant = await database.tenant();
    await records(tenant, 300);
    const sink = await aSink(tenant, 'siem-webhook', `http://${host}/siem`);
    received.length = 0;
    await wake(tenant, sink);
    answerWith = 503;
    expect(await runQueue(tenant, 'deliver')).toEqual(['failed']);
    answerWith = 200;
    expect(await runQueue(tenant, 'deliver')).toEqual(['done']);
    expect(await runQueue(tenant, 'deliver')).toEqual(['done']);
    const batches = received.slice(1).map(
      ({ text }) =>
        JSON.parse(text) as {
          from: number;
          to: number;
          sequence: number;
          events: { metadata: { sequence: number } }[];
        },
    );
    expect(batches.map(({ from, to, sequence }) => [from, to, sequence])).toEqual([
      [0, 256, 1],
      [256, 300, 2],
    ]);
    const seen = batches.flatMap(({ events }) => events.map(({ metadata }) => metadata.sequence));
    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index));
    await wake(tenant, sink);
    expect(await runQueue(tenant, 'deliver')).toEqual(['done']);
    expect(received).toHaveLength(3);
  });

  it('in a bucket is one object for each range, written once', async () => {
    const objects = await startObjectStore();
    host = new URL(objects.url).host;
    try {
      const tenant = await database.tenant();
      await records(tenant, 5);
      const settings = { bucket: 'evidence', accessKeyId: objects.accessKeyId, region: 'us-east-1', prefix: 'siem/' };
      const sink = await aSink(tenant, 'siem-s3', objects.url, settings, objects.secretAccessKey);
      await wake(tenant, sink);
      expect(await runQueue(tenant, 'deliver')).toEqual(['done']);
      const bucket = s3Bucket({
        endpoint: objects.url,
        region: 'us-east-1',
        bucket: 'evidence',
        accessKeyId: objects.accessKeyId,
        secretAccessKey: objects.secretAccessKey,
        allowHosts: [host],
      });
      if (!bucket.ok) throw new Error(bucket.error);
      const read = await bucket.value.get('siem/000000000000-000000000005.ndjson', 1_000_000);
      const lines = read.ok ? Buffer.from(read.value.bytes).toString().trimEnd().split('\n') : [];
      expect(lines).toHaveLength(6);
      await bucket.value.close();
      expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ from: 0, to: 5, sequence: 1 });
    } finally {
      host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
      await objects.stop();
    }
  });
});
