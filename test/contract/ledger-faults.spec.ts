import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { limits } from '@writ/domain';
import { type LedgerStore, type StoredLeaf, statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  type PlanePool,
  enrolledLedger,
  planePool,
  postgresLedgerStore,
  schemaOf,
  writerRegister,
} from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { LeafMaker } from './leaves.js';
import { aLog, aPermitRecord } from './records.js';
import { startWire } from './wire.js';

const decisions = { level: 'committed', deadlineMs: limits.decisionCommitMs } as const;

let database: TestDatabase;
let gateway: PlanePool;
let store: LedgerStore;
let maker: LeafMaker;
let admin: Client;

beforeAll(async () => {
  database = await startDatabase();
  gateway = database.plane('writ_gateway', 4);
  await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  store = postgresLedgerStore(gateway);
  maker = new LeafMaker('gw-1');
  admin = await database.session('postgres');
});
afterAll(() => database.close());

const aLeaf = async (): Promise<StoredLeaf> => maker.leaf((await database.tenant()).tenant);

describe('an append', () => {
  it('row 33: that commits with a warning is unknown, and its connection is not used again', async () => {
    const leaf = await aLeaf();
    const schema = schemaOf(leaf.tenant);
    await admin.query(
      `CREATE FUNCTION ${schema}.warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL; END $$`,
    );
    await admin.query(
      `CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON ${schema}.record DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${schema}.warn()`,
    );
    const before = await backends();
    expect(await store.append([leaf])).toEqual({
      kind: 'unknown',
      cause: 'canceling wait for synchronous replication',
    });
    expect(Buffer.from((await store.find(leaf.tenant, leaf.record)) ?? []).toString('hex')).toBe(
      Buffer.from(leaf.leafHash).toString('hex'),
    );
    await eventually(async () => {
      const after = new Set(await backends());
      expect(before.some((pid) => !after.has(pid))).toBe(true);
    });
  });

  it('row 37: whose connection is lost is unknown, and `find` then waits until its fate is settled', async () => {
    const leaf = await aLeaf();
    await admin.query('BEGIN');
    await admin.query(`LOCK TABLE ${schemaOf(leaf.tenant)}.record IN ACCESS EXCLUSIVE MODE`);
    const appending = store.append([leaf]);
    const killer = await database.session('postgres');
    await eventually(async () => {
      const { rows } = await killer.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writ_gateway' AND wait_event_type = 'Lock'`,
      );
      expect(rows.length).toBeGreaterThan(0);
    });
    await admin.query('COMMIT');
    expect(await appending).toMatchObject({ kind: 'unknown' });
    expect(await store.find(leaf.tenant, leaf.record)).toBeUndefined();
    expect(await store.append([leaf])).toEqual({ kind: 'durable' });
  });

  it('F15: to a log that is locked is refused within a second, names that log alone, and lets the others pass', async () => {
    const [stuck, free] = [await aLeaf(), await aLeaf()];
    await admin.query('BEGIN');
    await admin.query(`LOCK TABLE ${schemaOf(stuck.tenant)}.record IN ACCESS EXCLUSIVE MODE`);
    const startedAt = performance.now();
    expect(await store.append([stuck, free])).toEqual({
      kind: 'refused',
      because: 'log-busy',
      records: [stuck.record],
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await store.append([stuck])).toEqual({ kind: 'refused', because: 'log-busy', records: [stuck.record] });
    expect(await store.append([free])).toEqual({ kind: 'durable' });
    await admin.query('COMMIT');
    expect(await store.append([stuck])).toEqual({ kind: 'durable' });
  });

  it('F13: to a database that became read-only is not persisted, and succeeds when it is writable again', async () => {
    const leaf = await aLeaf();
    await admin.query('ALTER ROLE writ_gateway SET default_transaction_read_only = on');
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writ_gateway'`);
    await eventually(async () =>
      expect(await store.append([leaf])).toEqual({
        kind: 'not-persisted',
        cause: 'this Postgres is read-only, not the primary',
      }),
    );
    await admin.query('ALTER ROLE writ_gateway RESET default_transaction_read_only');
    await eventually(async () => expect(await store.append([leaf])).toEqual({ kind: 'durable' }));
  });

  it('F16: that finds no free connection is not persisted at once, and succeeds when there is one', async () => {
    const leaf = await aLeaf();
    await admin.query('ALTER ROLE writ_gateway CONNECTION LIMIT 0');
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writ_gateway'`);
    await eventually(async () => expect(await store.append([leaf])).toMatchObject({ kind: 'not-persisted' }));
    const startedAt = performance.now();
    for (let n = 0; n < 20; n += 1) expect(await store.append([leaf])).toMatchObject({ kind: 'not-persisted' });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await admin.query('ALTER ROLE writ_gateway CONNECTION LIMIT -1');
    await eventually(async () => expect(await store.append([leaf])).toEqual({ kind: 'durable' }));
  });

  it('F18: that the server rolls back for a deadlock or a serialization failure is not persisted, and once it passes there is one record', async () => {
    const leaf = await aLeaf();
    const schema = schemaOf(leaf.tenant);
    await admin.query(`CREATE FUNCTION ${schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF random() < 0.4 THEN RAISE EXCEPTION 'injected' USING ERRCODE = CASE WHEN random() < 0.5 THEN '40001' ELSE '40P01' END; END IF; RETURN NEW; END $$`);
    await admin.query(
      `CREATE TRIGGER fail BEFORE INSERT ON ${schema}.record FOR EACH ROW EXECUTE FUNCTION ${schema}.fail()`,
    );
    const leaves = [leaf, ...Array.from({ length: 39 }, () => maker.leaf(leaf.tenant))];
    let rolledBack = 0;
    for (const each of leaves) {
      let outcome = await store.append([each]);
      for (; outcome.kind !== 'durable'; outcome = await store.append([each])) {
        expect(outcome.kind).toBe('not-persisted');
        rolledBack += 1;
      }
    }
    expect(rolledBack).toBeGreaterThan(5);
    const { rows } = await admin.query(
      `SELECT count(*)::int AS records, (SELECT count(*)::int FROM ledger.pending WHERE tenant_id = $1) AS pending FROM ${schema}.record`,
      [leaf.tenant],
    );
    expect(rows).toEqual([{ records: 40, pending: 40 }]);
  });

  it('of a writer that is lost, closed or unknown is refused whole', async () => {
    const leaf = await aLeaf();
    const register = writerRegister(gateway);
    for (const id of ['gw-lost', 'gw-closed'])
      await register.enrol({ id, kind: 'gateway', publicKey: id, statement: 's' });
    await admin.query(`UPDATE ledger.writer SET state = 'lost' WHERE id = 'gw-lost'`);
    await register.close('gw-closed');
    for (const writer of ['gw-lost', 'gw-closed', 'gw-nobody']) {
      const theirs = new LeafMaker(writer).leaf(leaf.tenant);
      expect(await store.append([theirs])).toEqual({
        kind: 'refused',
        because: 'writer-refused',
        records: [theirs.record],
      });
    }
  });
});

describe('a ledger whose tenants share their transactions', () => {
  it('refuses the tenant whose table is locked, and serves the others within their second', async () => {
    const own = enrolledLedger({
      plane: database.plane('writ_gateway', 4),
      authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
      kind: 'gateway',
      settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
      clock: systemClock,
      logKeys: () => [],
      onAlarm: () => undefined,
      onProblem: () => undefined,
    });
    const [stuck, free] = [await database.tenant(), await database.tenant()];
    await eventually(async () =>
      expect((await own.ledger.commit(aLog(free), aPermitRecord(), decisions)).ok).toBe(true),
    );
    await admin.query('BEGIN');
    await admin.query(`LOCK TABLE ${schemaOf(stuck.tenant)}.record IN ACCESS EXCLUSIVE MODE`);
    const [refused, ...served] = await Promise.all([
      own.ledger.commit(aLog(stuck), aPermitRecord(), decisions),
      ...Array.from({ length: 10 }, () => own.ledger.commit(aLog(free), aPermitRecord(), decisions)),
    ]);
    await admin.query('COMMIT');
    expect(refused).toEqual({ ok: false, error: 'ledger-unavailable' });
    expect(served.filter(({ ok }) => !ok)).toEqual([]);
    await eventually(async () =>
      expect((await own.ledger.commit(aLog(stuck), aPermitRecord(), decisions)).ok).toBe(true),
    );
    await own.close();
  });
});

describe('when the network falls silent', () => {
  it('row 36, F10: an append is unknown after three seconds, nothing hangs, and service returns within five of the mending', async () => {
    const leaf = await aLeaf();
    const wire = await startWire(database.server.port);
    const url = database.server.url('writ_gateway').replace(`:${database.server.port}/`, `:${wire.port}/`);
    const plane = planePool('writ_gateway', { url, max: 4 });
    const remote = postgresLedgerStore(plane);
    expect(await remote.append([leaf])).toEqual({ kind: 'durable' });
    wire.cut();
    const [next, later] = [maker.leaf(leaf.tenant), maker.leaf(leaf.tenant)];
    const startedAt = performance.now();
    expect(await remote.append([next])).toEqual({ kind: 'unknown', cause: 'no answer in time' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await expect(remote.find(next.tenant, next.record)).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    wire.mend();
    const mendedAt = performance.now();
    await eventually(async () => expect(await remote.append([next])).toEqual({ kind: 'durable' }));
    await eventually(async () => expect(await remote.append([later])).toEqual({ kind: 'durable' }));
    expect(performance.now() - mendedAt).toBeLessThan(5_000);
    await plane.close();
    await wire.close();
  });
});

describe('when the database is killed under load', () => {
  it('row 29, F17: every append has a word within a second, what was durable is there afterwards, and service returns by itself', async () => {
    const tenant = (await database.tenant()).tenant;
    const durable: StoredLeaf[] = [];
    const waits: number[] = [];
    const stopping = new AbortController();
    let recoveredAt = 0;
    const write = async (lane: number): Promise<void> => {
      while (!stopping.signal.aborted) {
        const leaf = maker.leaf(tenant, { lane });
        const startedAt = performance.now();
        const outcome = await store.append([leaf]);
        waits.push(performance.now() - startedAt);
        if (outcome.kind === 'durable') {
          durable.push(leaf);
          if (killedAt > 0 && restartedAt > 0 && recoveredAt === 0) recoveredAt = performance.now();
        }
        if (outcome.kind === 'not-persisted') await pause(10);
      }
    };
    let killedAt = 0;
    let restartedAt = 0;
    const writers = [write(1), write(2)];
    await eventually(() => expect(durable.length).toBeGreaterThan(50));
    killedAt = performance.now();
    await database.server.kill('SIGKILL');
    await pause(500);
    await database.restart();
    restartedAt = performance.now();
    await eventually(() => expect(recoveredAt).toBeGreaterThan(0), 10_000);
    stopping.abort();
    await Promise.all(writers);
    expect(Math.max(...waits)).toBeLessThan(1_000);
    expect(recoveredAt - restartedAt).toBeLessThan(5_000);
    const missing = [];
    for (const leaf of durable) {
      const found = await store.find(leaf.tenant, leaf.record);
      if (found === undefined || Buffer.compare(found, leaf.leafHash) !== 0) missing.push(leaf.record);
    }
    expect(missing).toEqual([]);
  });
});

async function backends(): Promise<readonly number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE usename = 'writ_gateway'`,
  );
  return rows.map(({ pid }) => pid);
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
