import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import {
  type Finding,
  type WriterSigner,
  enrolment,
  exitCodes,
  provesInclusion,
  rawPublicKey,
  signEnrolment,
  writerSigner,
} from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { type EnrolledLedger, placeIntegrityHold, postgresLedgerStore, writerRegister } from '@writ/postgres';
import { type Anchor, Auditor, type Sequencer, anchorFolder } from '@writ/worker';
import { eventually } from '../contract/eventually.js';
import { LedgerGround, durably, settle, sourceOf } from '../contract/ledger-ground.js';
import { aPermitRecord, anOutcomeRecord } from '../contract/records.js';
import {
  flipped,
  heldBecause,
  lastReceipt,
  newestCheckpoint,
  plant,
  rewriteLastBatch,
  signedLeaves,
} from './attacks.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-tamper-'));
let ground: LedgerGround;
let own: EnrolledLedger;
let sequencer: Sequencer;
let anchor: Anchor;

beforeAll(async () => {
  ground = await LedgerGround.open();
  own = await ground.gateway();
  anchor = anchorFolder(folder);
  sequencer = ground.sequencer(anchor);
});
afterAll(async () => {
  await own.close();
  await anchor.close();
  await ground.close();
  rmSync(folder, { recursive: true });
});

/** Three batches of two records each. */
async function aLog(): Promise<TenantContext> {
  const tenant = await ground.database.tenant();
  for (let batch = 0; batch < 3; batch += 1) {
    await ground.write(own, tenant, 1);
    await settle(sequencer);
  }
  return tenant;
}

/** What the continuous auditor says of the log: of what is stored, and of what it examines for the first time. */
async function audited(tenant: TenantContext): Promise<readonly { finding: Finding; isHeld: boolean }[]> {
  const found: { finding: Finding; isHeld: boolean }[] = [];
  const worker = ground.database.plane('writ_worker', 1);
  const auditor = new Auditor({
    plane: ground.database.plane('writ_exporter', 1),
    tenants: () => Promise.resolve([tenant.tenant]),
    logKey: ground.logKey.publicKey,
    authority: ground.authority.publicKey,
    clock: systemClock,
    holdIntegrity: (held, reason) => placeIntegrityHold(worker, held, reason),
    onFinding: (_, finding, isHeld) => void found.push({ finding, isHeld }),
  });
  await auditor.rehashSince(0);
  while (await auditor.examineNew());
  return found;
}

/** The exit code of a verifier that is given the export, or `refused` where no bundle can be made that leads to the checkpoint. */
async function exported(tenant: TenantContext): Promise<number | 'refused'> {
  const bundle = await ground.bundle(tenant).catch((cause: unknown) => {
    expect(String(cause)).toMatch(/do not lead to the signed checkpoint|does not reach|and not to/);
    return undefined;
  });
  return bundle === undefined ? 'refused' : (await ground.verify(bundle)).exit;
}

const second = '(SELECT record_ids[1] FROM $schema.batch WHERE first_idx = 2)';
const codesOf = (found: Awaited<ReturnType<typeof audited>>): readonly number[] =>
  found.map(({ finding }) => finding.code);

describe('a superuser without a key', () => {
  it('row 1: who edits a byte of a record is found by the auditor and by the verifier, who names the record', async () => {
    const tenant = await aLog();
    await ground.tamper(tenant, `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = ${second}`);
    expect((await audited(tenant))[0]).toMatchObject({ finding: { code: exitCodes.payload, index: 2 }, isHeld: true });
    const report = await ground.verify(await ground.bundle(tenant));
    expect(report.exit).toBe(exitCodes.payload);
    expect(report.findings[0]?.index).toBe(2);
  });

  it('row 2: who edits the record and its leaf hash breaks the root: the auditor stops the log, and no export can be made', async () => {
    const tenant = await aLog();
    await ground.tamper(
      tenant,
      `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = ${second};
       UPDATE $schema.batch b SET leaf_hashes = overlay(b.leaf_hashes PLACING sha256('\\x00'::bytea || (SELECT leaf FROM $schema.record WHERE record_id = b.record_ids[1])) FROM 1)
       WHERE first_idx = 2`,
    );
    expect(codesOf(await audited(tenant))).toContain(exitCodes.root);
    expect(await exported(tenant)).toBe('refused');
  });

  it('row 3: who edits record, leaf hash, root and checkpoint has no signature over it', async () => {
    const tenant = await aLog();
    await ground.tamper(
      tenant,
      `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = (SELECT record_ids[1] FROM $schema.batch WHERE first_idx = 4)`,
    );
    await rewriteLastBatch(ground, tenant, undefined);
    expect((await audited(tenant))[0]).toMatchObject({ finding: { code: exitCodes.root }, isHeld: true });
    expect(await exported(tenant)).toBe(exitCodes.signature);
  });

  it('row 5: who deletes a record leaves a gap that no order explains', async () => {
    const tenant = await aLog();
    await ground.tamper(tenant, `DELETE FROM $schema.record WHERE record_id = ${second}`);
    expect((await audited(tenant))[0]).toMatchObject({ finding: { code: exitCodes.gap, index: 2 }, isHeld: true });
    expect(await exported(tenant)).toBe(exitCodes.retention);
  });

  it('row 6: who deletes a batch in the middle is refused by its key, and with the triggers off is found', async () => {
    const tenant = await aLog();
    const schema = `t_${tenant.tenant.replaceAll('-', '')}`;
    await ground.admin.query(`ALTER TABLE ${schema}.batch DISABLE TRIGGER append_only`);
    await expect(ground.admin.query(`DELETE FROM ${schema}.batch WHERE first_idx = 2`)).rejects.toMatchObject({
      code: '23503',
    });
    await ground.tamper(tenant, 'DELETE FROM $schema.batch WHERE first_idx = 2');
    expect(codesOf(await audited(tenant))).toContain(exitCodes.root);
    expect(await exported(tenant)).toBe('refused');
  });

  it('row 7: who cuts off the tail is found by the start-up gate, and by a receipt that a caller kept', async () => {
    const tenant = await aLog();
    await ground.epoch(anchor);
    const kept = await newestCheckpoint(ground, tenant);
    const receipt = await lastReceipt(ground, tenant);
    await ground.tamper(
      tenant,
      'DELETE FROM $schema.batch WHERE first_idx = 4; DELETE FROM $schema.record WHERE record_id NOT IN (SELECT unnest(record_ids) FROM $schema.batch)',
    );
    const { evidence, leafHash, origin } = receipt;
    expect(provesInclusion(evidence, origin, leafHash, [ground.logKey.publicKey])).toBe(true);
    expect((await ground.verify(await ground.bundle(tenant), { pinned: kept })).exit).toBe(exitCodes.fork);
    await ground.write(own, tenant, 1);
    await ground.sequencer(anchor).tick();
    expect(await heldBecause(ground, tenant)).toMatch(/rewound or rewritten/);
  });

  it('row 8: who removes a record from before the sequencer never lets it be receipted, and the chain shows the hole', async () => {
    const tenant = await aLog();
    const log = await ground.logOf(tenant);
    const permit = aPermitRecord();
    const waiting = own.ledger.commit(log, permit, { level: 'receipted', deadlineMs: 1_500 });
    await eventually(async () => {
      const gone = await ground.admin.query('DELETE FROM ledger.pending WHERE record_id = $1', [permit.id]);
      expect(gone.rowCount).toBe(1);
    });
    expect(await waiting).toEqual({ ok: false, error: 'ledger-unavailable' });
    // The process closes what it refused, and that outcome is the next of the same lane.
    const closing = `SELECT FROM t_${tenant.tenant.replaceAll('-', '')}.record WHERE request_id = $1 AND kind = 'outcome'`;
    await eventually(async () => expect((await ground.admin.query(closing, [permit.request])).rowCount).toBe(1));
    await ground.write(own, tenant, 1);
    await settle(sequencer);
    expect(await exported(tenant)).toBe(exitCodes.chain);
    expect(codesOf(await audited(tenant))).toContain(exitCodes.chain);
  });

  it('row 9: who lets two records of a batch change places breaks the root', async () => {
    const tenant = await aLog();
    await ground.tamper(
      tenant,
      `UPDATE $schema.batch SET record_ids = ARRAY[record_ids[2], record_ids[1]],
         leaf_hashes = substring(leaf_hashes FROM 33 FOR 32) || substring(leaf_hashes FROM 1 FOR 32) WHERE first_idx = 2`,
    );
    expect(codesOf(await audited(tenant))).toContain(exitCodes.root);
    expect(await exported(tenant)).toBe('refused');
  });

  it('row 10: who moves a record to another tenant is refused by its table, and the leaf names the log it belongs to', async () => {
    const [from, to] = [await aLog(), await aLog()];
    const [source, target] = [from, to].map(({ tenant }) => `t_${tenant.replaceAll('-', '')}`);
    const columns = 'record_id, request_id, kind, keep_class, writer, writer_sequence, effect, leaf';
    const move = (tenant: string): Promise<unknown> =>
      ground.admin.query(
        `INSERT INTO ${target}.record (tenant_id, ${columns}) SELECT $1, ${columns.replace('writer_sequence', 'writer_sequence + 1000')} FROM ${source}.record LIMIT 1`,
        [tenant],
      );
    await expect(move(from.tenant)).rejects.toMatchObject({ code: '23514' });
    await move(to.tenant);
    await ground.admin.query(
      `INSERT INTO ledger.pending (shard, tenant_id, record_id) SELECT 0, tenant_id, record_id FROM ${target}.record WHERE writer_sequence > 1000`,
    );
    await settle(sequencer);
    expect([exitCodes.signature, exitCodes.root, exitCodes.payload]).toContain(await exported(to));
    expect((await audited(to)).length).toBeGreaterThan(0);
  });

  it('row 11: who replays an old record under a new id is contradicted by the id inside the signature', async () => {
    const tenant = await aLog();
    const schema = `t_${tenant.tenant.replaceAll('-', '')}`;
    const again = randomUUID();
    const replay = (sequence: string): Promise<unknown> =>
      ground.admin.query(
        `INSERT INTO ${schema}.record (tenant_id, record_id, request_id, kind, keep_class, writer, writer_sequence, effect, leaf)
         SELECT tenant_id, uuidv7(), '${again}', kind, keep_class, writer, ${sequence}, effect, leaf FROM ${schema}.record WHERE kind = 'decision' LIMIT 1`,
      );
    await expect(replay('writer_sequence')).rejects.toMatchObject({ code: '23505' });
    await replay('writer_sequence + 1000');
    await ground.admin.query(
      `INSERT INTO ledger.pending (shard, tenant_id, record_id) SELECT 0, tenant_id, record_id FROM ${schema}.record WHERE request_id = '${again}'`,
    );
    await settle(sequencer);
    expect([exitCodes.chain, exitCodes.closing]).toContain(await exported(tenant));
    expect((await audited(tenant)).length).toBeGreaterThan(0);
  });

  it('row 12: who inserts a record of his own making has no enrolled writer key for it', async () => {
    const tenant = await aLog();
    const forger = writerSigner(own.writer(), generateKeyPairSync('ed25519').privateKey);
    const [leaf] = await signedLeaves(forger, await ground.logOf(tenant), [aPermitRecord()]);
    if (!leaf) throw new Error('nothing was signed');
    await plant(ground, tenant, { ...leaf, writer: 'forged/1' });
    await settle(sequencer);
    expect(await exported(tenant)).toBe(exitCodes.signature);
    expect((await audited(tenant)).map(({ finding: { code, index }, isHeld }) => [code, index, isHeld])).toContainEqual(
      [exitCodes.signature, 6, false],
    );
  });
});

describe('who holds a key', () => {
  it('row 4: of the log, rewrites it with good signatures, and the anchor and an earlier bundle contradict it', async () => {
    const tenant = await aLog();
    await ground.epoch(anchor);
    const honest = await ground.bundle(tenant);
    await ground.tamper(
      tenant,
      `UPDATE $schema.record SET leaf = ${flipped} WHERE record_id = (SELECT record_ids[2] FROM $schema.batch WHERE first_idx = 4)`,
    );
    await rewriteLastBatch(ground, tenant, ground.logKey);
    const rewritten = await ground.bundle(tenant);
    expect((await ground.verify(rewritten, { compare: sourceOf(honest) })).findings.map(({ code }) => code)).toContain(
      exitCodes.fork,
    );
    await ground.write(own, tenant, 1);
    await ground.sequencer(anchor).tick();
    expect(await heldBecause(ground, tenant)).toMatch(/rewound or rewritten/);
  });

  it('row 14: of writer and log, shows another head to another auditor, and the two bundles contradict each other', async () => {
    const tenant = await aLog();
    const first = await ground.bundle(tenant);
    const honest = await ground.verify(first);
    expect(honest.exit).toBe(exitCodes.ok);
    await ground.tamper(
      tenant,
      `UPDATE $schema.record SET leaf = (SELECT leaf FROM $schema.record WHERE record_id = ${second}) WHERE record_id = (SELECT record_ids[2] FROM $schema.batch WHERE first_idx = 4)`,
    );
    await rewriteLastBatch(ground, tenant, ground.logKey);
    expect(
      (await ground.verify(await ground.bundle(tenant), { compare: sourceOf(first) })).findings.map(({ code }) => code),
    ).toContain(exitCodes.fork);
  });

  it('row 13: of a writer, back-dates a record, and its id contradicts its time', async () => {
    const { writer, tenant } = await aStolenWriter();
    const permit = aPermitRecord();
    const leaves = await signedLeaves(writer, await ground.logOf(tenant), [permit], () => Date.now() - 7_200_000);
    for (const leaf of leaves) await plant(ground, tenant, leaf);
    await settle(sequencer);
    expect(await exported(tenant)).toBe(exitCodes.time);
    expect(codesOf(await audited(tenant))).toContain(exitCodes.time);
  });

  it('row 17: of a writer, goes on after the writer was closed, and is refused by the intake and found by the verifier', async () => {
    const { writer, tenant } = await aStolenWriter();
    const log = await ground.logOf(tenant);
    await writerRegister(ground.database.plane('writ_gateway', 1)).close(writer.id);
    const permit = aPermitRecord();
    const closed = {
      kind: 'event',
      id: aPermitRecord().id,
      name: 'writer.closed',
      actor: 'operator',
      fields: { w: writer.id },
    } as const;
    expect((await own.ledger.commit(log, closed, durably)).ok).toBe(true);
    await settle(sequencer);
    const [leaf, end] = await signedLeaves(writer, log, [permit, anOutcomeRecord(permit.request, '0'.repeat(64))]);
    if (!leaf || !end) throw new Error('nothing was signed');
    const store = postgresLedgerStore(ground.database.plane('writ_gateway', 1));
    expect(await store.append([leaf])).toMatchObject({ kind: 'refused', because: 'writer-refused' });
    await plant(ground, tenant, leaf);
    await settle(sequencer);
    expect(await exported(tenant)).toBe(exitCodes.chain);
    expect(codesOf(await audited(tenant))).toContain(exitCodes.chain);
  });
});

async function aStolenWriter(): Promise<{ readonly writer: WriterSigner; readonly tenant: TenantContext }> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const writer = writerSigner(`gateway-${randomUUID().slice(0, 12)}`, privateKey);
  const publicKey = rawPublicKey(privateKey);
  const claims = enrolment({ id: writer.id, publicKey }, { workload: 'gateway', build: '1' }, Date.now() - 10_800_000);
  await writerRegister(ground.database.plane('writ_gateway', 1)).enrol({
    id: writer.id,
    kind: 'gateway',
    publicKey: Buffer.from(publicKey).toString('base64'),
    statement: Buffer.from(signEnrolment(claims, ground.authority)).toString('ascii'),
  });
  return { writer, tenant: await aLog() };
}
