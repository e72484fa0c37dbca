import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { rootOf } from '@writ/ledger';
import { type RunningApp, startApp } from '@writ/local';
import { postgresLedgerStore, schemaOf, writerRegister } from '@writ/postgres';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { LeafMaker } from './leaves.js';

const kills = 12;
let database: TestDatabase;
let folder: string;
let settings: Readonly<Record<string, string>>;
const running: RunningApp[] = [];

beforeAll(async () => {
  database = await startDatabase();
  folder = mkdtempSync(join(tmpdir(), 'writ-worker-'));
  settings = settingsIn(folder);
});
afterAll(async () => {
  for (const app of running) await app.stop();
  await database.close();
  rmSync(folder, { recursive: true });
});

describe('the worker', () => {
  it('row 28, F7: loses, moves, doubles and forks nothing when its sequencer is killed again and again', async () => {
    const gateway = database.plane('writ_gateway');
    await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 's' });
    const store = postgresLedgerStore(gateway);
    const maker = new LeafMaker('gw-1');
    const tenants = [await database.tenant(), await database.tenant()];
    const written = new Map<string, Set<string>>(tenants.map(({ tenant }) => [tenant, new Set()]));
    const stopping = new AbortController();
    const write = async (lane: number): Promise<void> => {
      while (!stopping.signal.aborted) {
        const leaves = tenants.map(({ tenant }) => maker.leaf(tenant, { lane }));
        expect(await store.append(leaves)).toEqual({ kind: 'durable' });
        for (const leaf of leaves) written.get(leaf.tenant)?.add(Buffer.from(leaf.leafHash).toString('hex'));
      }
    };
    const writers = [write(1), write(2)];
    for (let kill = 0; kill < kills; kill += 1) {
      const app = await aWorker();
      const before = await sequenced(tenants);
      await eventually(async () => expect(await sequenced(tenants)).toBeGreaterThan(before), 20_000);
      app.kill('SIGKILL');
    }
    stopping.abort();
    await Promise.all(writers);
    const last = await aWorker();
    await eventually(async () => expect(await waiting()).toBe(0), 20_000);
    await last.stop();
    for (const tenant of tenants) {
      const inTree = await leavesOf(tenant);
      expect(inTree.length).toBe(written.get(tenant.tenant)?.size);
      expect(new Set(inTree.map((hash) => hash.toString('hex')))).toEqual(written.get(tenant.tenant));
      expect(await rootOfTree(tenant)).toEqual(Buffer.from(rootOf(inTree)));
    }
  }, 180_000);

  it('F8: starts without a database, and works when it comes, without a restart', async () => {
    await database.server.kill('SIGKILL');
    const app = await aWorker('sequencer,sweeper,auditor');
    await database.restart();
    const gateway = database.plane('writ_gateway');
    const store = postgresLedgerStore(gateway);
    await eventually(async () => expect(await writerRegister(gateway).heartbeat('gw-1')).toBe('active'));
    const tenant = await database.tenant();
    const leaf = new LeafMaker('gw-1').leaf(tenant.tenant);
    expect(await store.append([leaf])).toEqual({ kind: 'durable' });
    expect(await store.inclusion?.(tenant.tenant, leaf.record, 10_000)).toBeDefined();
    await app.stop();
  }, 60_000);
});

async function aWorker(roles = 'sequencer'): Promise<RunningApp> {
  const app = await startApp({
    name: 'worker',
    entry: 'apps/worker/dist/main.js',
    args: ['--roles', roles],
    settings,
    logFolder: join(folder, 'log'),
  });
  running.push(app);
  return app;
}

function settingsIn(place: string): Readonly<Record<string, string>> {
  const key = (name: string): string => {
    const file = join(place, name);
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return file;
  };
  const publicKey = (name: string): string => {
    const file = join(place, name);
    const made = generateKeyPairSync('ed25519').publicKey;
    writeFileSync(file, made.export({ type: 'spki', format: 'pem' }));
    return file;
  };
  const masterKeyFile = join(place, 'master.key');
  writeFileSync(masterKeyFile, randomBytes(32).toString('base64'));
  return {
    WRIT_LOG_NAME: 'ledger.example.org',
    WRIT_MASTER_KEY_FILE: masterKeyFile,
    WRIT_WRITER_AUTHORITY_KEY_FILE: key('authority.pem'),
    WRIT_SEQUENCER_DATABASE_URL: database.server.url('writ_sequencer'),
    WRIT_DATABASE_URL: database.server.url('writ_worker'),
    WRIT_EXPORTER_DATABASE_URL: database.server.url('writ_exporter'),
    WRIT_LOG_KEY_FILE: key('log.pem'),
    WRIT_LOG_PUBLIC_KEY_FILE: publicKey('log.pub.pem'),
    WRIT_SNAPSHOT_PUBLIC_KEY_FILE: publicKey('snapshot.pub.pem'),
    WRIT_ANCHOR_FOLDER: join(place, 'anchors'),
  };
}

async function sequenced(tenants: readonly TenantContext[]): Promise<number> {
  const admin = await database.session('postgres');
  const { rows } = await admin.query<{ sum: string }>(
    `SELECT sum(s)::text AS sum FROM (${tenants.map(({ tenant }) => `SELECT coalesce(max(size_after), 0) AS s FROM ${schemaOf(tenant)}.batch`).join(' UNION ALL ')}) x`,
  );
  await admin.end();
  return Number(rows[0]?.sum ?? 0);
}

async function waiting(): Promise<number> {
  const admin = await database.session('postgres');
  const { rows } = await admin.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger.pending');
  await admin.end();
  return rows[0]?.n ?? -1;
}

async function leavesOf({ tenant }: TenantContext): Promise<readonly Buffer[]> {
  const admin = await database.session('postgres');
  const { rows } = await admin.query<{ leaf_hashes: Buffer }>(
    `SELECT leaf_hashes FROM ${schemaOf(tenant)}.batch ORDER BY first_idx`,
  );
  await admin.end();
  return rows.flatMap(({ leaf_hashes }) =>
    Array.from({ length: leaf_hashes.length / 32 }, (_, at) => leaf_hashes.subarray(at * 32, at * 32 + 32)),
  );
}

async function rootOfTree({ tenant }: TenantContext): Promise<Buffer | undefined> {
  const admin = await database.session('postgres');
  const { rows } = await admin.query<{ root: Buffer }>(
    `SELECT root FROM ${schemaOf(tenant)}.batch ORDER BY size_after DESC LIMIT 1`,
  );
  await admin.end();
  return rows[0]?.root;
}
