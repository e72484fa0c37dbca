import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { type EnrolledLedger, enrolledLedger, sweeperStore, withTenant } from '@writ/postgres';
import { sweep } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

const authority = statementSigner(generateKeyPairSync('ed25519').privateKey);
const how = { level: 'committed', deadlineMs: 5_000 } as const;
let database: TestDatabase;
let admin: Client;
let own: EnrolledLedger;
const open: EnrolledLedger[] = [];

beforeAll(async () => {
  database = await startDatabase();
  admin = await database.session('postgres');
  own = await aProcess('worker', 'writ_worker');
});
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()));
  await database.close();
});

async function aProcess(kind: string, login: 'writ_gateway' | 'writ_worker'): Promise<EnrolledLedger> {
  const made = enrolledLedger({
    plane: database.plane(login, 3),
    authority,
    kind,
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  open.push(made);
  await eventually(async () => expect(await stateOf(made.writer())).toBe('active'));
  return made;
}

async function stateOf(writer: string): Promise<string | undefined> {
  const { rows } = await admin.query<{ state: string }>('SELECT state FROM ledger.writer WHERE id = $1', [writer]);
  return rows[0]?.state;
}

function sweepOnce(): Promise<number> {
  const plane = database.plane('writ_worker', 3);
  return sweep({
    store: sweeperStore(plane),
    ledger: own.ledger,
    logs: async ({ tenant }) => {
      const { rows } = await admin.query<{ origin: string }>('SELECT origin FROM ledger.log WHERE tenant_id = $1', [
        tenant,
      ]);
      const known = contexts.get(tenant);
      if (known === undefined) throw new Error('no such tenant');
      return { ...aLog(known), origin: rows[0]?.origin ?? '' };
    },
    clock: systemClock,
    onProblem: () => undefined,
  });
}

const contexts = new Map<string, Awaited<ReturnType<TestDatabase['tenant']>>>();

async function aTenant(): Promise<Awaited<ReturnType<TestDatabase['tenant']>>> {
  const tenant = await database.tenant();
  contexts.set(tenant.tenant, tenant);
  return tenant;
}

async function kindsOf(tenant: Awaited<ReturnType<TestDatabase['tenant']>>): Promise<readonly string[]> {
  const rows = await withTenant(database.plane('writ_worker'), tenant, (transaction) =>
    transaction.query<{ kind: string }>(`SELECT kind FROM ${transaction.schema}.record ORDER BY kind`),
  );
  return rows.map(({ kind }) => kind);
}

describe('the sweeper', () => {
  it('steps 2 and 4: closes what a silent writer left open, once, and leaves the living and the closed alone', async () => {
    const tenant = await aTenant();
    const [dead, living] = [await aProcess('gateway', 'writ_gateway'), await aProcess('gateway', 'writ_gateway')];
    const [left, closed, streaming] = [aPermitRecord(), aPermitRecord(), aPermitRecord()];
    const log = aLog(tenant);
    expect((await dead.ledger.commit(log, left, how)).ok).toBe(true);
    const receipt = await dead.ledger.commit(log, closed, how);
    if (!receipt.ok) throw new Error(receipt.error);
    await dead.ledger.commit(log, anOutcomeRecord(closed.request, receipt.value.leafHash), how);
    await living.ledger.commit(log, streaming, how);
    expect(await sweepOnce()).toBe(0);
    await admin.query(`UPDATE ledger.writer SET heartbeat_at = now() - interval '31 seconds' WHERE id = $1`, [
      dead.writer(),
    ]);
    expect(await sweepOnce()).toBe(1);
    expect(await sweepOnce()).toBe(0);
    expect(await stateOf(dead.writer())).toBe('lost');
    expect(await stateOf(living.writer())).toBe('active');
    expect(await kindsOf(tenant)).toEqual(['decision', 'decision', 'decision', 'event', 'outcome', 'outcome']);
    const late = await dead.ledger.commit(log, aPermitRecord(), { ...how, deadlineMs: 500 });
    expect(late).toEqual({ ok: false, error: 'ledger-unavailable' });
  });

  it('finds the open decisions of every tenant', async () => {
    const tenants = await Promise.all([aTenant(), aTenant(), aTenant()]);
    const dead = await aProcess('gateway', 'writ_gateway');
    for (const tenant of tenants) expect((await dead.ledger.commit(aLog(tenant), aPermitRecord(), how)).ok).toBe(true);
    await admin.query(`UPDATE ledger.writer SET heartbeat_at = now() - interval '31 seconds' WHERE id = $1`, [
      dead.writer(),
    ]);
    expect(await sweepOnce()).toBe(3);
    for (const tenant of tenants) expect(await kindsOf(tenant)).toEqual(['decision', 'event', 'outcome']);
  });

  it('is one at a time', async () => {
    const store = sweeperStore(database.plane('writ_worker', 3));
    let inner: boolean | undefined;
    const ran = await store.alone(async () => {
      inner = await store.alone(() => Promise.resolve());
    });
    expect([ran, inner]).toEqual([true, false]);
  });
});

describe("a process's writer", () => {
  it('is replaced when it was declared lost, and the process commits again', async () => {
    const tenant = await aTenant();
    const gateway = await aProcess('gateway', 'writ_gateway');
    const before = gateway.writer();
    await admin.query(`UPDATE ledger.writer SET state = 'lost' WHERE id = $1`, [before]);
    await eventually(async () => {
      expect(gateway.writer()).not.toBe(before);
      expect((await gateway.ledger.commit(aLog(tenant), aPermitRecord(), how)).ok).toBe(true);
    }, 8_000);
  });

  it('takes its leave when its process ends', async () => {
    const gateway = await aProcess('gateway', 'writ_gateway');
    await gateway.close();
    expect(await stateOf(gateway.writer())).toBe('closed');
  });

  it('is stored with the statement by which the authority vouches for it', async () => {
    const { rows } = await admin.query<{ statement: string }>('SELECT statement FROM ledger.writer WHERE id = $1', [
      own.writer(),
    ]);
    const [, payload] = (rows[0]?.statement ?? '').split('.');
    expect(JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())).toMatchObject({ w: own.writer() });
  });
});
