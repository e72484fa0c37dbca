import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import {
  type EventRecord,
  type LogContext,
  type Report,
  exitCodes,
  keysetKey,
  logSigner,
  signKeyset,
  statementSigner,
  verifyBundle,
  writeBundle,
} from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  type EnrolledLedger,
  enrolledLedger,
  originOf,
  postgresLedgerStore,
  retentionStore,
  sequencerStore,
  withExport,
  withTenant,
  writeHold,
} from '@writ/postgres';
import { Sequencer, retain } from '@writ/worker';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aRecordId } from './leaves.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

const signerOf = () => generateKeyPairSync('ed25519').privateKey;
const [root, authority, exporter] = [
  statementSigner(signerOf()),
  statementSigner(signerOf()),
  statementSigner(signerOf()),
];
const logKey = logSigner(signerOf());
const how = { level: 'committed', deadlineMs: 5_000 } as const;
let database: TestDatabase;
let gateway: EnrolledLedger;
let sequencer: Sequencer;

beforeAll(async () => {
  database = await startDatabase();
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
  const tenant = await database.tenant();
  await eventually(async () =>
    expect((await gateway.ledger.commit(await logOf(tenant), anEvent('probe', {}), how)).ok).toBe(true),
  );
  sequencer = aSequencer();
});
afterAll(async () => {
  await gateway.close();
  await database.close();
});

describe('an export', () => {
  it('of the whole log verifies offline, record by record', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 300);
    const report = await verified(await bundleOf(tenant));
    expect(report.findings).toEqual([]);
    expect(report.exit).toBe(exitCodes.ok);
  });

  it('of a range within the log verifies too', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 300);
    const report = await verified(await bundleOf(tenant, 256, 400));
    expect(report.findings).toEqual([]);
  });

  it('A5: cannot write, and sees one moment of the log', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 2);
    const sizes = await withExport(database.plane('writ_exporter'), tenant, async (reader) => {
      const before = await reader.head();
      await requests(tenant, 2);
      return [before?.size, (await reader.head())?.size];
    });
    expect(sizes[0]).toBe(sizes[1]);
    await expect(
      withTenant(database.plane('writ_exporter'), tenant, (transaction) =>
        transaction.query(
          `INSERT INTO ${transaction.schema}.outbox (tenant_id, id, queue, payload) VALUES ($1, gen_random_uuid(), 'q', '{}')`,
          [tenant.tenant],
        ),
      ),
    ).rejects.toMatchObject({ code: '25006' });
  });
});

describe('retention', () => {
  it('row 44: deletes nothing that has not expired, and nothing without an order in the tree', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 5);
    const retention = retentionStore(database.plane('writ_retention'));
    await expect(retention.prune(tenant.tenant, aRecordId(), 0, 100)).rejects.toMatchObject({ code: 'WL006' });
    const order = await anOrder(tenant, 'retention.prune', { from: 0, to: 6 });
    expect(await retention.prune(tenant.tenant, order, 0, 100)).toEqual({ records: 0, next: undefined });
    const other = await anOrder(tenant, 'admin.policy-published', { from: 0, to: 6 });
    await expect(retention.prune(tenant.tenant, other, 0, 100)).rejects.toMatchObject({ code: 'WL006' });
  });

  it('row 44, A6: prunes what has expired, window by window, spares what is held, and the export still verifies', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 10);
    await expire(tenant);
    const hold = 'a3bb189e-8bf9-4888-9912-ace4e6543002';
    const placed = await anOrder(tenant, 'hold.placed', { hold, from: 8, to: 12 });
    await withTenant(database.plane('writ_worker'), tenant, (transaction) =>
      writeHold(transaction, { id: hold, event: 'placed', from: 8, to: 12, matter: 'case 7', record: placed }),
    );
    const order = await anOrder(tenant, 'retention.prune', { from: 0, to: 16 });
    const retention = retentionStore(database.plane('writ_retention'));
    expect(await retention.prune(tenant.tenant, order, 0, 10)).toEqual({ records: 8, next: 10 });
    expect(await retention.prune(tenant.tenant, order, 10, 10)).toEqual({ records: 4, next: undefined });
    expect(await retention.prune(tenant.tenant, order, 0, 1_000)).toEqual({ records: 0, next: undefined });
    const gaps = await withExport(database.plane('writ_exporter'), tenant, (reader) => reader.gaps(0, 20));
    expect(gaps.map(({ from, to }) => [from, to])).toEqual([
      [0, 8],
      [12, 16],
    ]);
    const report = await verified(await bundleOf(tenant));
    expect(report.findings.filter(({ code }) => code !== exitCodes.closing)).toEqual([]);
  });

  it('F25: that is killed in a window deletes nothing of it, and the next run deletes what the order covers and no more', async () => {
    const tenant = await database.tenant();
    await requests(tenant, 10);
    await expire(tenant);
    const order = await anOrder(tenant, 'retention.prune', { from: 0, to: 12 });
    const admin = await database.session('postgres');
    const killer = await database.session('postgres');
    const table = `t_${tenant.tenant.replaceAll('-', '')}.record`;
    await admin.query(`BEGIN; SELECT FROM ${table} FOR UPDATE`);
    const pruning = retentionStore(database.plane('writ_retention')).prune(tenant.tenant, order, 0, 100);
    await eventually(async () => {
      const { rows } = await killer.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writ_retention' AND wait_event_type = 'Lock'`,
      );
      expect(rows.length).toBeGreaterThan(0);
    });
    await expect(pruning).rejects.toThrow();
    await admin.query('COMMIT');
    const left = async (): Promise<number | null> => (await admin.query(`SELECT FROM ${table}`)).rowCount;
    expect(await left()).toBe(21);
    const again = retentionStore(database.plane('writ_retention'));
    expect(await again.prune(tenant.tenant, order, 0, 100)).toEqual({ records: 12, next: undefined });
    expect(await left()).toBe(9);
    expect((await verified(await bundleOf(tenant))).findings.filter(({ code }) => code !== exitCodes.closing)).toEqual(
      [],
    );
  });

  it('writes its order into the log before it prunes, and finds nothing more to do afterwards', async () => {
    const tenant = await database.tenant();
    const admin = await database.session('postgres');
    await admin.query(`ALTER TABLE ledger.retention_class DROP CONSTRAINT retention_class_keep_check`);
    await admin.query(`UPDATE ledger.retention_class SET keep = '1 millisecond' WHERE keep_class = 'm6'`);
    await requests(tenant, 10, 'm6');
    const gatewayPlane = database.plane('writ_gateway');
    const parts = {
      reading: database.plane('writ_exporter', 1),
      retention: retentionStore(database.plane('writ_retention')),
      ledger: gateway.ledger,
      store: postgresLedgerStore(gatewayPlane),
      logs: () => logOf(tenant),
      clock: systemClock,
      onProblem: () => undefined,
    };
    const running = aSequencer();
    running.start();
    try {
      let pruned = 0;
      // Records of the same millisecond need not lie in the order of their ids: the next turn finds the rest.
      for (let turn = 1; turn > 0; pruned += turn) turn = await retain(tenant.tenant, parts);
      expect(pruned).toBe(20);
    } finally {
      await running.stop();
    }
    const report = await verified(await bundleOf(tenant));
    expect(report.findings).toEqual([]);
  });

  it("erases a subject's keys by an order that names it, and no proof changes", async () => {
    const tenant = await database.tenant();
    await requests(tenant, 4);
    const admin = await database.session('postgres');
    const schema = `t_${tenant.tenant.replaceAll('-', '')}`;
    const { rows } = await admin.query<{ subject_ref: string; keys: number }>(
      `SELECT subject_ref, count(*)::int AS keys FROM ${schema}.record_key WHERE subject_ref <> '' GROUP BY 1`,
    );
    const subject = rows[0];
    if (subject === undefined) throw new Error('no subject');
    const order = await anOrder(tenant, 'erasure.executed', { subject_ref: subject.subject_ref });
    const erased = await retentionStore(database.plane('writ_retention')).erase(tenant.tenant, order, 1_000);
    expect(erased).toEqual({ erased: subject.keys, spared: 0 });
    expect((await verified(await bundleOf(tenant))).findings).toEqual([]);
  });
});

function verified(bundle: Uint8Array): Promise<Report> {
  const source = {
    length: bundle.length,
    read: (offset: number, length: number) => bundle.subarray(offset, offset + length),
  };
  return verifyBundle(source, { root: root.publicKey });
}

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

async function logOf(tenant: TenantContext): Promise<LogContext> {
  return { ...aLog(tenant), origin: (await originOf(database.plane('writ_gateway', 1), tenant.tenant)) ?? '' };
}

function anEvent(name: string, fields: EventRecord['fields']): EventRecord {
  return { kind: 'event', id: aRecordId(), name, actor: 'alice@example.com', fields };
}

async function anOrder(tenant: TenantContext, name: string, fields: EventRecord['fields']): Promise<EventRecord['id']> {
  const event = anEvent(name, fields);
  expect((await gateway.ledger.commit(await logOf(tenant), event, how)).ok).toBe(true);
  await settle();
  return event.id;
}

/** Two records each. */
async function requests(tenant: TenantContext, count: number, keep = 'y6'): Promise<void> {
  const log = { ...(await logOf(tenant)), keep };
  for (let n = 0; n < count; n += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, count - n) }, async () => {
        const permit = aPermitRecord();
        const receipt = await gateway.ledger.commit(log, permit, how);
        if (!receipt.ok) throw new Error(receipt.error);
        const outcome = await gateway.ledger.commit(log, anOutcomeRecord(permit.request, receipt.value.leafHash), how);
        expect(outcome.ok).toBe(true);
      }),
    );
  }
  await settle();
}

async function settle(): Promise<void> {
  while ((await sequencer.tick()).kind === 'committed');
}

/** Makes the tenant's records older than their class demands; only a superuser who disables the triggers can. */
async function expire(tenant: TenantContext): Promise<void> {
  const admin = await database.session('postgres');
  const table = `t_${tenant.tenant.replaceAll('-', '')}.record`;
  await admin.query(
    `ALTER TABLE ${table} DISABLE TRIGGER ALL; UPDATE ${table} SET committed_at = now() - interval '7 years'; ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`,
  );
}

async function bundleOf(tenant: TenantContext, from = 0, to?: number): Promise<Uint8Array> {
  const window = { from: Date.now() - 86_400_000, until: Date.now() + 86_400_000 };
  const keyset = signKeyset(
    {
      _t: 'writ.keyset/1',
      deployment: 'ledger.example.org',
      version: 1,
      issued: Date.now(),
      keys: [
        keysetKey('log', logKey.publicKey, window, 'ledger.example.org/'),
        keysetKey('writer-ca', authority.publicKey, window),
        keysetKey('export', exporter.publicKey, window),
      ],
    },
    root,
  );
  return withExport(database.plane('writ_exporter'), tenant, async (reader) => {
    const head = await reader.head();
    if (head === undefined) throw new Error('an empty log');
    const end = to ?? head.size;
    const plan = {
      id: 'a3bb189e-8bf9-4888-9912-ace4e6543099',
      tenant: tenant.tenant,
      origin: head.origin,
      createdAt: Date.now(),
      purpose: 'test',
      requester: 'alice',
      from,
      to: end,
      size: head.size,
      checkpoint: head.checkpoint,
      left: await reader.left(from),
      right: await reader.right(end, head.size),
      keyset,
      enrolments: await reader.enrolments(from, end),
      gaps: await reader.gaps(from, end),
    };
    const pieces: Uint8Array[] = [];
    for await (const piece of writeBundle(plan, reader.rows(from, end), exporter)) pieces.push(piece);
    return Buffer.concat(pieces);
  });
}
