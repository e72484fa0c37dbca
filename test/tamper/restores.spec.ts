import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type TenantContext, limits } from '@writ/domain';
import { startPostgres } from '@writ/local';
import {
  type EnrolledLedger,
  type PlanePool,
  planePool,
  postgresLedgerStore,
  schemaOf,
  sequencerStore,
  writerRegister,
} from '@writ/postgres';
import { type Anchor, Sequencer, anchorFolder, passStartGate, takeEpoch } from '@writ/worker';
import { systemClock } from '@writ/platform';
import { eventually } from '../contract/eventually.js';
import { LedgerGround, deployment, settle } from '../contract/ledger-ground.js';
import { LeafMaker } from '../contract/leaves.js';
import { aPermitRecord } from '../contract/records.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-restores-'));
// The server's own user must be able to reach a copy.
chmodSync(folder, 0o755);
let ground: LedgerGround;
let own: EnrolledLedger;
let anchor: Anchor;
let copies = 0;

beforeAll(async () => {
  ground = await LedgerGround.open();
});
beforeEach(async () => {
  own = await ground.gateway();
  anchor = anchorFolder(join(folder, `anchor-${(copies += 1)}`));
  ground.known.clear();
});
afterAll(async () => {
  await own.close();
  await ground.close();
  rmSync(folder, { recursive: true });
});

/** The database's folder as it is now; the server stands still while it is copied. */
async function backup(): Promise<string> {
  const place = join(folder, `copy-${(copies += 1)}`);
  await ground.database.server.stop();
  execFileSync('cp', ['-a', ground.database.server.folder, place]);
  await ground.database.restart();
  await ground.reconnect();
  return place;
}

async function restore(place: string): Promise<void> {
  await ground.database.server.stop();
  execFileSync('rm', ['-rf', join(ground.database.server.folder, 'data')]);
  execFileSync('cp', ['-a', join(place, 'data'), ground.database.server.folder]);
  await ground.database.restart();
  await ground.reconnect();
}

async function heads(): Promise<Readonly<Record<string, string>>> {
  const { rows } = await ground.admin.query<{ tenant_id: string }>('SELECT tenant_id FROM ledger.log');
  const found: Record<string, string> = {};
  for (const { tenant_id } of rows) {
    const schema = `t_${tenant_id.replaceAll('-', '')}`;
    const newest = await ground.admin.query<{ size: string }>(`SELECT max(size_after) AS size FROM ${schema}.batch`);
    found[tenant_id] = newest.rows[0]?.size ?? '';
  }
  return found;
}

async function isHeld({ tenant }: TenantContext): Promise<boolean> {
  return (await ground.admin.query('SELECT FROM ledger.integrity_hold WHERE tenant_id = $1', [tenant])).rowCount === 1;
}

describe('a database that went back in time', () => {
  it.each([
    ['row 22: by a restore of yesterday’s backup, against the newest epoch', true],
    ['row 23: by a point-in-time recovery to a second ago, against the heads streamed since the last epoch', false],
    [
      'row 24, trap 4, F11: by a failover to a replica that lagged (a copy of the data folder plays it), against the streamed heads',
      false,
    ],
  ])(
    '%s, signs nothing more for the logs that lost something, and goes on with the others',
    async (_, isEpochTaken) => {
      const [lost, kept] = [await ground.database.tenant(), await ground.database.tenant()];
      await ground.write(own, lost, 2);
      await ground.write(own, kept, 2);
      await settle(ground.sequencer(anchor));
      await ground.epoch(anchor);
      const copy = await backup();
      await ground.write(own, lost, 1);
      await settle(ground.sequencer(anchor));
      if (isEpochTaken) await ground.epoch(anchor);
      await restore(copy);
      await ground.write(own, kept, 1);
      await ground.write(own, lost, 1);
      const sequencer = ground.sequencer(anchor);
      await settle(sequencer);
      expect(await isHeld(lost)).toBe(true);
      expect(await isHeld(kept)).toBe(false);
      expect(await heads()).toMatchObject({ [lost.tenant]: '4', [kept.tenant]: '6' });
      const refused = await own.ledger.commit(await ground.logOf(lost), aPermitRecord(), {
        level: 'committed',
        deadlineMs: 1_000,
      });
      expect(refused).toEqual({ ok: false, error: 'ledger-integrity-hold' });
    },
    120_000,
  );

  it('row 25: twice at once, an old primary beside the new one, cannot anchor the same epoch twice, and the one that lost holds its log', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    await settle(ground.sequencer(anchor));
    await ground.epoch(anchor);
    const copy = await backup();
    const other = await startPostgres({ dataDir: copy, log: () => undefined });
    const planes: PlanePool[] = (['writ_gateway', 'writ_sequencer'] as const).map((login) =>
      planePool(login, { url: other.url(login), max: 2 }),
    );
    const [gatewayPlane, sequencerPlane] = planes as [PlanePool, PlanePool];
    try {
      await ground.write(own, tenant, 1);
      await settle(ground.sequencer(anchor));
      await ground.epoch(anchor);
      await writerRegister(gatewayPlane).enrol({ id: 'gw-old', kind: 'gateway', publicKey: 'key', statement: 's' });
      await postgresLedgerStore(gatewayPlane).append([new LeafMaker('gw-old').leaf(tenant.tenant)]);
      const store = sequencerStore(sequencerPlane);
      const logKeys = [ground.logKey.publicKey];
      const problems: string[] = [];
      const parts = { store, anchor, logKeys, onProblem: (problem: string) => void problems.push(problem) };
      const old = new Sequencer({
        store,
        key: ground.logKey,
        clock: systemClock,
        gate: () => Promise.resolve(),
        onPublished: () => undefined,
        onProblem: () => undefined,
      });
      await settle(old);
      const epoch = takeEpoch({ ...parts, key: ground.logKey, origin: `${deployment}/epochs` }, new Map());
      await expect(epoch).rejects.toThrow(/fewer epochs than were anchored/);
      await passStartGate(parts, new Map());
      expect((await store.integrityHolds()).map((hold) => hold.tenant)).toContain(tenant.tenant);
    } finally {
      await Promise.all(planes.map((plane) => plane.close()));
      await other.stop();
    }
  }, 120_000);
});

describe('a commit that waits for a synchronous standby that is not there', () => {
  it('row 34, trap 2, F10, F12: is refused within its second and never answered on the strength of one copy, whatever statement_timeout says', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    await ground.admin.query(`ALTER ROLE writ_gateway SET statement_timeout = '500ms'`);
    const patient = await ground.gateway();
    await standby('nobody');
    try {
      const startedAt = performance.now();
      const how = { level: 'committed', deadlineMs: limits.decisionCommitMs } as const;
      expect(await patient.ledger.commit(await ground.logOf(tenant), aPermitRecord(), how)).toEqual({
        ok: false,
        error: 'ledger-unavailable',
      });
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect((await waiting()).length).toBeGreaterThan(0);
    } finally {
      await standby('');
      await ground.admin.query('ALTER ROLE writ_gateway RESET statement_timeout');
    }
    await patient.close();
  }, 60_000);

  it('row 33, trap 1, F12: is unknown when somebody cancels the wait, although the server then reports success', async () => {
    const { store, leaf } = await append(await ground.database.tenant(), 'gw-cancelled');
    await standby('nobody');
    try {
      const appending = store.append([leaf]);
      await eventually(async () => expect((await waiting()).length).toBeGreaterThan(0));
      for (const pid of await waiting()) await ground.admin.query('SELECT pg_cancel_backend($1)', [pid]);
      expect(await appending).toMatchObject({
        kind: 'unknown',
        cause: expect.stringMatching(/synchronous replication/),
      });
    } finally {
      await standby('');
    }
    expect(await store.append([leaf])).toEqual({ kind: 'durable' });
  }, 60_000);

  it('trap 3: is visible after a crash, and is then taken for what it is: the same record, once', async () => {
    const tenant = await ground.database.tenant();
    const { store, leaf } = await append(tenant, 'gw-crashed');
    await standby('nobody');
    const appending = store.append([leaf]);
    await eventually(async () => expect((await waiting()).length).toBeGreaterThan(0));
    await ground.database.server.kill('SIGKILL');
    expect(await appending).toMatchObject({ kind: 'unknown' });
    await ground.database.restart();
    await ground.reconnect();
    await standby('');
    await eventually(async () => expect(await store.append([leaf])).toEqual({ kind: 'durable' }));
    const { rows } = await ground.admin.query(`SELECT count(*)::int AS n FROM ${schemaOf(tenant.tenant)}.record`);
    expect(rows).toEqual([{ n: 1 }]);
    await settle(ground.sequencer(anchor));
    expect((await heads())[tenant.tenant]).toBe('1');
  }, 60_000);
});

describe('the database', () => {
  it('trap 5: may leave gaps in the order of arrival, and none in the tree', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    await ground.admin.query(
      `SELECT nextval(pg_get_serial_sequence('ledger.pending', 'arrival')) FROM generate_series(1, 50)`,
    );
    await ground.write(own, tenant, 1);
    await settle(ground.sequencer(anchor));
    expect((await heads())[tenant.tenant]).toBe('4');
    expect((await ground.verify(await ground.bundle(tenant))).findings).toEqual([]);
  });

  it('row 9, before the tree: whose superuser lets two waiting records change places stops that log, and nothing is signed over them', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    const sequencer = ground.sequencer(anchor);
    await settle(sequencer);
    await ground.write(own, tenant, 1);
    await ground.admin.query(
      `WITH gone AS (DELETE FROM ledger.pending WHERE tenant_id = $1 RETURNING record_id, arrival)
       INSERT INTO ledger.pending (shard, tenant_id, record_id) SELECT 0, $1, record_id FROM gone ORDER BY arrival DESC`,
      [tenant.tenant],
    );
    expect(await sequencer.tick()).toMatchObject({ kind: 'failed', cause: expect.stringMatching(/writer-went-back/) });
    await settle(sequencer);
    expect((await heads())[tenant.tenant]).toBe('2');
    expect(await isHeld(tenant)).toBe(true);
  });

  it('row 35, F14: that is full (a failing disk is played by the server’s own error) refuses, and serves again when there is room', async () => {
    const tenant = await ground.database.tenant();
    const schema = schemaOf(tenant.tenant);
    await ground.admin.query(`CREATE FUNCTION ${schema}.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON ${schema}.record FOR EACH ROW EXECUTE FUNCTION ${schema}.full()`);
    const how = { level: 'committed', deadlineMs: limits.decisionCommitMs } as const;
    const log = await ground.logOf(tenant);
    expect(await own.ledger.commit(log, aPermitRecord(), how)).toEqual({ ok: false, error: 'ledger-unavailable' });
    await ground.admin.query(`DROP TRIGGER full_disk ON ${schema}.record`);
    await eventually(async () => expect((await own.ledger.commit(log, aPermitRecord(), how)).ok).toBe(true));
  });
});

async function append(tenant: TenantContext, id: string) {
  const plane = ground.database.plane('writ_gateway', 2);
  await writerRegister(plane).enrol({ id, kind: 'gateway', publicKey: id, statement: 's' });
  return { store: postgresLedgerStore(plane), leaf: new LeafMaker(id).leaf(tenant.tenant) };
}

async function standby(name: string): Promise<void> {
  await ground.admin.query(
    name === ''
      ? 'ALTER SYSTEM RESET synchronous_standby_names'
      : `ALTER SYSTEM SET synchronous_standby_names = '${name}'`,
  );
  await ground.admin.query('SELECT pg_reload_conf()');
  const session = await ground.database.session('writ_exporter');
  await eventually(async () => {
    const { rows } = await session.query<{ synchronous_standby_names: string }>('SHOW synchronous_standby_names');
    expect(rows[0]?.synchronous_standby_names).toBe(name);
  });
}

async function waiting(): Promise<readonly number[]> {
  const { rows } = await ground.admin.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'writ_gateway'`,
  );
  return rows.map(({ pid }) => pid);
}
