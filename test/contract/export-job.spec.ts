import { type ChildProcess, fork } from 'node:child_process';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { keysetKey, logSigner, signKeyset, statementSigner, verifyBundle } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  type EnrolledLedger,
  enqueue,
  enrolledLedger,
  originOf,
  schemaOf,
  sequencerStore,
  withTenant,
} from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { migrate } from '@writ/postgres';
import { type S3Settings, s3Bucket } from '@writ/s3';
import { startObjectStore } from '@writ/simulator';
import { Sequencer, exportKeys } from '@writ/worker';
import { must } from '../support/index.js';
import { type TestDatabase, passwordsOf, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import type { Victim } from './export-victim.js';
import type { RetentionVictim } from './retention-victim.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

const [rootKey, authorityKey, exportKey] = [0, 1, 2].map(() => generateKeyPairSync('ed25519').privateKey);
const root = statementSigner(rootKey!);
const authority = statementSigner(authorityKey!);
const exporter = statementSigner(exportKey!);
const logKey = logSigner(generateKeyPairSync('ed25519').privateKey);
const how = { level: 'committed', deadlineMs: 5_000 } as const;
let database: TestDatabase;
let gateway: EnrolledLedger;
let sequencer: Sequencer;
let folder: string;
let keyset: Uint8Array;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'writ-exports-'));
  database = await startDatabase();
  await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
  gateway = enrolledLedger({
    plane: database.plane('writ_gateway'),
    authority,
    kind: 'gateway',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [logKey.publicKey],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  sequencer = aSequencer();
  const window = { from: Date.now() - 86_400_000, until: Date.now() + 86_400_000 };
  const keys = [
    keysetKey('log', logKey.publicKey, window, 'ledger.example.org/'),
    keysetKey('writer-ca', authority.publicKey, window),
    keysetKey('export', exporter.publicKey, window),
  ];
  keyset = signKeyset(
    { _t: 'writ.keyset/1', deployment: 'ledger.example.org', version: 1, issued: Date.now(), keys },
    root,
  );
}, 60_000);
afterAll(async () => {
  await gateway.close();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

function aSequencer(): Sequencer {
  return new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer')),
    key: logKey,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: () => undefined,
  });
}

async function requests(tenant: TenantContext, count: number, keep = 'y6'): Promise<string> {
  const origin = (await originOf(database.plane('writ_gateway', 1), tenant.tenant)) ?? '';
  const log = { ...aLog(tenant), origin, keep };
  const write = async (): Promise<void> => {
    const permit = aPermitRecord();
    const receipt = await gateway.ledger.commit(log, permit, how);
    if (!receipt.ok) throw new Error(receipt.error);
    await gateway.ledger.commit(log, anOutcomeRecord(permit.request, receipt.value.leafHash), how);
  };
  await eventually(write, 10_000);
  for (let n = 1; n < count; n += 50) await Promise.all(Array.from({ length: Math.min(50, count - n) }, write));
  await settle();
  return origin;
}

async function settle(): Promise<void> {
  for (;;) if ((await sequencer.tick()).kind === 'idle') return;
}

async function anOrder(tenant: TenantContext): Promise<string> {
  const id = randomUUID();
  const admin = await database.session('postgres');
  await admin.query("SELECT set_config('app.tenant', $1, false)", [tenant.tenant]);
  await admin.query(
    `INSERT INTO control.evidence_export (id, tenant_id, purpose, "from", "to", state, requested_by) VALUES ($1, $2, 'test', now() - interval '1 day', now() + interval '1 day', 'requested', 'alice')`,
    [id, tenant.tenant],
  );
  await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
    enqueue(query, tenant.tenant, { id, queue: 'export', payload: { export: id } }),
  );
  return id;
}

/** Runs the export in a process of its own: its result, or `killed`. */
async function runIt(
  tenant: TenantContext,
  origin: string,
  id: string,
  killAt: string,
  bucket?: S3Settings,
): Promise<unknown> {
  const given: Victim = {
    worker: database.server.url('writ_worker'),
    exporter: database.server.url('writ_exporter'),
    folder,
    tenant: tenant.tenant,
    origin,
    id,
    attempt: 0,
    exportKey: exportKey!.export({ type: 'pkcs8', format: 'pem' }),
    authorityKey: authorityKey!.export({ type: 'pkcs8', format: 'pem' }),
    keyset: Buffer.from(keyset).toString('base64'),
    killAt,
    ...(bucket === undefined ? {} : { bucket }),
  };
  return inProcess('export-victim.js', given);
}

/** The answer of a process that is given this, or `killed` when SIGKILL ended it. */
async function inProcess(file: string, given: object): Promise<unknown> {
  const child: ChildProcess = fork(join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  child.on('message', (message) => (message === 'listening' ? child.send(given) : resolve(message)));
  child.on('exit', (_code, signal) => resolve(signal === 'SIGKILL' ? 'killed' : 'ended'));
  const result = await promise;
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  return result;
}

const placeOf = (tenant: TenantContext, id: string): string => join(folder, tenant.tenant, `${id}.tar`);

async function stateOf(tenant: TenantContext, id: string): Promise<unknown> {
  const rows = await withTenant(database.plane('writ_worker', 1), tenant, ({ query }) =>
    query('SELECT state FROM control.export_order($1, $2)', [tenant.tenant, id]),
  );
  return rows[0]?.['state'];
}

describe('F26: an export whose worker is killed', () => {
  it.each([
    ['before the first byte', 'begun', false],
    ['after the first part', 'export-part', false],
    ['between parts', 'third-part', false],
    ['when the file is whole and not yet told', 'export-written', true],
    ['when it is stored and not yet told', 'export-stored', true],
    ['after the work', 'worked', true],
  ])('%s is absent or whole, and the next run makes it whole and ready', async (_name, point, isWhole) => {
    const tenant = await database.tenant();
    const origin = await requests(tenant, 40);
    const id = await anOrder(tenant);
    expect(await runIt(tenant, origin, id, point)).toBe('killed');
    expect(existsSync(placeOf(tenant, id))).toBe(isWhole);
    await requests(tenant, 5);
    expect(await runIt(tenant, origin, id, 'never')).toBe(point === 'worked' ? 'gone' : 'done');
    expect(await stateOf(tenant, id)).toBe('ready');
    const bundle = readFileSync(placeOf(tenant, id));
    const source = { length: bundle.length, read: (at: number, length: number) => bundle.subarray(at, at + length) };
    expect((await verifyBundle(source, { root: root.publicKey })).findings).toEqual([]);
    expect(existsSync(`${placeOf(tenant, id)}.part`)).toBe(false);
  });
});

describe('F26: an export that goes to a bucket', () => {
  it('is there with its manifest or is not, and a killed run keeps the parts that it sent', async () => {
    const bytes = 20_000_000;
    const store = await startObjectStore({ buckets: ['exports'] });
    const settings: S3Settings = {
      endpoint: store.url,
      region: 'eu-central-1',
      bucket: 'exports',
      accessKeyId: store.accessKeyId,
      secretAccessKey: store.secretAccessKey,
      allowHosts: [new URL(store.url).host],
    };
    const bucket = must(s3Bucket(settings));
    try {
      const tenant = await database.tenant();
      const origin = await requests(tenant, 20);
      const id = await anOrder(tenant);
      const keys = exportKeys(tenant.tenant, id);
      expect(await runIt(tenant, origin, id, 'export-written', settings)).toBe('killed');
      // A bundle of many parts, in place of one that would take minutes to write.
      const whole = readFileSync(placeOf(tenant, id));
      writeFileSync(placeOf(tenant, id), Buffer.concat([whole, Buffer.alloc(bytes - whole.length)]));
      expect(await runIt(tenant, origin, id, 'export-sent', settings)).toBe('killed');
      expect(await bucket.head(keys.bundle)).toMatchObject({ ok: false, error: { kind: 'absent' } });
      // The question whether it is there, and the next part.
      store.failNext(503, 2);
      expect(await runIt(tenant, origin, id, 'never', settings)).toBe('failed');
      expect(await bucket.head(keys.manifest)).toMatchObject({ ok: false, error: { kind: 'absent' } });
      expect(await runIt(tenant, origin, id, 'export-stored', settings)).toBe('killed');
      expect(await bucket.head(keys.bundle)).toMatchObject({ ok: true, value: { bytes } });
      const manifest = must(await bucket.get(keys.manifest, 1_000));
      const sha256 = createHash('sha256')
        .update(readFileSync(placeOf(tenant, id)))
        .digest('hex');
      expect(JSON.parse(Buffer.from(manifest.bytes).toString())).toEqual({
        export: id,
        tenant: tenant.tenant,
        bytes,
        sha256,
      });
      expect(await runIt(tenant, origin, id, 'never', settings)).toBe('done');
      expect(await stateOf(tenant, id)).toBe('ready');
      expect(existsSync(`${placeOf(tenant, id)}.upload`)).toBe(false);
    } finally {
      await bucket.close();
      await store.stop();
    }
  });
});

describe('F25: retention whose worker is killed', () => {
  it.each([
    ['after the order and before the first window', 0],
    ['between windows', 2],
  ])(
    '%s goes on with another order, deletes nothing but what has expired, and the log still verifies',
    async (_name, windows) => {
      const tenant = await database.tenant();
      const admin = await database.session('postgres');
      await admin.query('ALTER TABLE ledger.retention_class DROP CONSTRAINT IF EXISTS retention_class_keep_check');
      await admin.query(`UPDATE ledger.retention_class SET keep = '1 millisecond' WHERE keep_class = 'm6'`);
      await requests(tenant, 20, 'm6');
      const origin = await requests(tenant, 5, 'y6');
      const given: RetentionVictim = {
        urls: {
          worker: database.server.url('writ_worker'),
          exporter: database.server.url('writ_exporter'),
          retention: database.server.url('writ_retention'),
        },
        tenant: tenant.tenant,
        origin,
        authorityKey: authorityKey!.export({ type: 'pkcs8', format: 'pem' }),
        windows,
      };
      // One that was stopped stays stopped, so this turn has its own.
      const running = aSequencer();
      running.start();
      try {
        // Only what the tree holds by now can be pruned, and the sequencer has just begun.
        await eventually(async () => expect(await inProcess('retention-victim.js', given)).toBe('killed'), 30_000);
        expect(await kept(tenant, 'm6')).toBe(windows === 0 ? 40 : 20);
        await eventually(async () => {
          await inProcess('retention-victim.js', { ...given, windows: -1 });
          expect(await kept(tenant, 'm6')).toBe(0);
        }, 30_000);
        expect(await kept(tenant, 'y6')).toBeGreaterThanOrEqual(10);
      } finally {
        await running.stop();
      }
      sequencer = aSequencer();
      const id = await anOrder(tenant);
      await runIt(tenant, origin, id, 'never');
      const bundle = readFileSync(placeOf(tenant, id));
      const source = { length: bundle.length, read: (at: number, length: number) => bundle.subarray(at, at + length) };
      expect((await verifyBundle(source, { root: root.publicKey })).findings).toEqual([]);
    },
  );
});

async function kept(tenant: TenantContext, keep: string): Promise<number> {
  const admin = await database.session('postgres');
  const { rows } = await admin.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${schemaOf(tenant.tenant)}.record WHERE keep_class = $1`,
    [keep],
  );
  return rows[0]?.n ?? -1;
}
