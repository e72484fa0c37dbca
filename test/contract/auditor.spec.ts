import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantContext, type TenantId, limits } from '@writ/domain';
import { type Finding, exitCodes, logSigner, statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  type EnrolledLedger,
  enrolledLedger,
  originOf,
  placeIntegrityHold,
  schemaOf,
  sequencerStore,
} from '@writ/postgres';
import { Auditor, Sequencer } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

const authority = statementSigner(generateKeyPairSync('ed25519').privateKey);
const logKey = logSigner(generateKeyPairSync('ed25519').privateKey);
const how = { level: 'committed', deadlineMs: limits.outcomeCommitMs } as const;
let database: TestDatabase;
let gateway: EnrolledLedger;
let sequencer: Sequencer;
let admin: Client;

beforeAll(async () => {
  database = await startDatabase();
  admin = await database.session('postgres');
  gateway = enrolledLedger({
    plane: database.plane('writ_gateway'),
    authority,
    kind: 'gateway',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  sequencer = new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer')),
    key: logKey,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: () => undefined,
  });
  await eventually(async () =>
    expect((await admin.query(`SELECT FROM ledger.writer WHERE state = 'active'`)).rowCount).toBe(1),
  );
});
afterAll(async () => {
  await gateway.close();
  await database.close();
});

async function aWrittenLog(requests = 3): Promise<TenantContext> {
  const tenant = await database.tenant();
  await write(tenant, requests);
  return tenant;
}

/** Two records a request, one batch a call. */
async function write(tenant: TenantContext, requests: number): Promise<void> {
  const log = { ...aLog(tenant), origin: (await originOf(database.plane('writ_gateway', 1), tenant.tenant)) ?? '' };
  for (let n = 0; n < requests; n += 1) {
    const permit = aPermitRecord();
    const receipt = await gateway.ledger.commit(log, permit, how);
    if (!receipt.ok) throw new Error(receipt.error);
    expect((await gateway.ledger.commit(log, anOutcomeRecord(permit.request, receipt.value.leafHash), how)).ok).toBe(
      true,
    );
  }
  while ((await sequencer.tick()).kind === 'committed');
}

function anAuditor(tenant: TenantContext): {
  readonly auditor: Auditor;
  readonly found: { finding: Finding; isHeld: boolean }[];
} {
  const found: { finding: Finding; isHeld: boolean }[] = [];
  const worker = database.plane('writ_worker', 1);
  const auditor = new Auditor({
    plane: database.plane('writ_exporter', 1),
    tenants: () => Promise.resolve([tenant.tenant]),
    logKey: logKey.publicKey,
    authority: authority.publicKey,
    clock: systemClock,
    holdIntegrity: (held, reason) => placeIntegrityHold(worker, held, reason),
    onFinding: (_, finding, isHeld) => void found.push({ finding, isHeld }),
  });
  return { auditor, found };
}

async function isOnHold(tenant: TenantId): Promise<boolean> {
  return (await admin.query('SELECT FROM ledger.integrity_hold WHERE tenant_id = $1', [tenant])).rowCount === 1;
}

/** What a superuser can do who first disables the triggers. */
async function tamper(tenant: TenantContext, statement: string): Promise<void> {
  const schema = schemaOf(tenant.tenant);
  await admin.query(
    `ALTER TABLE ${schema}.record DISABLE TRIGGER ALL; ALTER TABLE ${schema}.batch DISABLE TRIGGER ALL`,
  );
  await admin.query(statement.replaceAll('$schema', schema));
}

const flipped = `set_byte(leaf, octet_length(leaf) / 2, (get_byte(leaf, octet_length(leaf) / 2) + 1) % 128)`;
const second = `(SELECT record_ids[1] FROM $schema.batch WHERE first_idx = 2)`;

describe('the auditor', () => {
  it('finds nothing in a log as it was written, over several batches and visits', async () => {
    const tenant = await aWrittenLog(300);
    const { auditor, found } = anAuditor(tenant);
    expect(await auditor.examineNew()).toBe(true);
    expect(await auditor.examineNew()).toBe(false);
    await write(tenant, 5);
    expect(await auditor.examineNew()).toBe(false);
    await auditor.rehashSince(0);
    expect(found).toEqual([]);
    expect(await isOnHold(tenant.tenant)).toBe(false);
  });

  it.each([
    [
      'a changed byte of a record',
      `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = ${second}`,
      exitCodes.payload,
    ],
    [
      'a changed record with its leaf hash changed too',
      `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = ${second};
       UPDATE $schema.batch b SET leaf_hashes = overlay(b.leaf_hashes PLACING sha256('\\x00'::bytea || (SELECT leaf FROM $schema.record WHERE record_id = b.record_ids[1])) FROM 1)
       WHERE first_idx = 2`,
      exitCodes.root,
    ],
    ['a deleted record', `DELETE FROM $schema.record WHERE record_id = ${second}`, exitCodes.gap],
    [
      'a changed root',
      `UPDATE $schema.batch SET note = replace(note, E'\\n6\\n', E'\\n6\\nAAAA') WHERE size_after = 6`,
      exitCodes.root,
    ],
    [
      'two records that changed places',
      `UPDATE $schema.batch SET record_ids = ARRAY[record_ids[2], record_ids[1]] || record_ids[3:], leaf_hashes = substring(leaf_hashes FROM 33 FOR 32) || substring(leaf_hashes FROM 1 FOR 32) || substring(leaf_hashes FROM 65)
       WHERE first_idx = 0`,
      exitCodes.root,
    ],
  ])('finds %s and stops the log', async (_, statement, code) => {
    const tenant = await database.tenant();
    await write(tenant, 1);
    await write(tenant, 1);
    await write(tenant, 1);
    await tamper(tenant, statement);
    const { auditor, found } = anAuditor(tenant);
    await auditor.rehashSince(0);
    expect(found[0]).toMatchObject({ finding: { code }, isHeld: true });
    expect(await isOnHold(tenant.tenant)).toBe(true);
    const examined = anAuditor(tenant);
    await examined.auditor.examineNew();
    expect(examined.found.some(({ isHeld }) => isHeld)).toBe(true);
  });

  it('reports a record that no enrolled writer signed, which the tree holds, without stopping the log', async () => {
    const tenant = await aWrittenLog(1);
    await tamper(
      tenant,
      `INSERT INTO $schema.record (tenant_id, record_id, kind, keep_class, writer, writer_sequence, leaf)
         SELECT tenant_id, uuidv7(), 'event', 'y6', 'forged/1', 1, leaf || 'A' FROM $schema.record LIMIT 1;
       INSERT INTO ledger.pending (shard, tenant_id, record_id) SELECT 0, tenant_id, record_id FROM $schema.record WHERE writer = 'forged/1'`,
    );
    expect(await sequencer.tick()).toMatchObject({ kind: 'committed' });
    const { auditor, found } = anAuditor(tenant);
    await auditor.examineNew();
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ finding, isHeld }) => finding.index === 2 && !isHeld)).toBe(true);
  });
});
