import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningWitness, startWitness } from '@writ/cli';
import {
  type WitnessPolicy,
  enrolment,
  exitCodes,
  gatherCosignatures,
  hashEpoch,
  parseWitnessPolicy,
  rawPublicKey,
  rootOf,
  signCheckpoint,
  signEnrolment,
  writerSigner,
} from '@writ/ledger';
import { guardedDispatcher, systemClock } from '@writ/platform';
import { type EnrolledLedger, retentionStore, schemaOf, sequencerStore, writerRegister } from '@writ/postgres';
import { type Anchor, Auditor, OutsideProofSeeker, anchorFolder, witnessesOver } from '@writ/worker';
import type { Dispatcher } from 'undici';
import { eventually } from '../contract/eventually.js';
import { LedgerGround, deployment, durably, settle } from '../contract/ledger-ground.js';
import { aPermitRecord } from '../contract/records.js';
import { plant, signedLeaves } from './attacks.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-keys-'));
let ground: LedgerGround;
let own: EnrolledLedger;
let anchor: Anchor;
let witnesses: readonly RunningWitness[];
let policy: WitnessPolicy;
let dispatcher: Dispatcher;

beforeAll(async () => {
  ground = await LedgerGround.open();
  own = await ground.gateway();
  anchor = anchorFolder(join(folder, 'anchor'));
  const origins = [`${deployment}/epochs`, 'split.example/epochs'];
  const log = origins.map((origin) => `${origin}=${Buffer.from(ground.logKey.publicKey).toString('hex')}`);
  witnesses = await Promise.all(
    ['w1.example', 'w2.example', 'w3.example'].map((name) =>
      startWitness({ name, folder: join(folder, name), log, host: '127.0.0.1', port: 0 }),
    ),
  );
  const text = [
    ...witnesses.map(({ url, vkey }, at) => `witness w${at + 1} ${vkey} ${url}`),
    'group all-of-us 2 w1 w2 w3',
    'quorum all-of-us',
  ].join('\n');
  const parsed = parseWitnessPolicy(text);
  if (!parsed) throw new Error('the policy does not parse');
  policy = parsed;
  dispatcher = guardedDispatcher({ allowHosts: witnesses.map(({ url }) => new URL(url).host), connectMs: 1_000 });
});
afterAll(async () => {
  await own.close();
  await Promise.all(witnesses.map((witness) => witness.stop()));
  await dispatcher.close();
  await ground.close();
  rmSync(folder, { recursive: true });
});

describe('a stolen key', () => {
  it('row 15: of the epoch log, shows two epoch logs to two groups of witnesses, and only one gets a quorum', async () => {
    const origin = 'split.example/epochs';
    const [left, right] = [1, 2].map((seed) =>
      Array.from({ length: 3 }, (_, n) => hashEpoch(n, new Uint8Array(32).fill(seed + n))),
    );
    const show = async (leaves: readonly Uint8Array[], to: readonly number[]) => {
      const note = signCheckpoint({ origin, size: 3, root: rootOf(leaves) }, ground.logKey);
      const asked = policy.witnesses
        .filter((_, at) => to.includes(at))
        .map((witness) => ({ ...witness, url: witness.url ?? '' }));
      return gatherCosignatures({ note, size: 3 }, asked, () => [], new Map(), witnessesOver(dispatcher));
    };
    const first = await show(left ?? [], [0, 1]);
    const second = await show(right ?? [], [0, 1, 2]);
    expect(policy.isQuorum(new Set(first.cosigners))).toBe(true);
    expect(second.cosigners).toEqual(['w3.example']);
    expect(policy.isQuorum(new Set(second.cosigners))).toBe(false);
    expect(second.problems.filter(({ alarm }) => alarm)).toHaveLength(2);
  });

  it('row 16, A2: of the log, signs after its rotation, and the keyset says how far it reached', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 3);
    await settle(ground.sequencer(anchor));
    const { origin } = await ground.logOf(tenant);
    const rotated = (size: number): Uint8Array => ground.keyset({ at: Date.now() - 1, lastSize: { [origin]: size } });
    expect((await ground.verify(await ground.bundle(tenant, { keyset: rotated(4) }))).exit).toBe(exitCodes.signature);
  });

  it('row 18: of the epoch log, rewrites its newest epoch, and the witnesses raise an alarm and cosign nothing', async () => {
    const tenant = await ground.database.tenant();
    const problems: string[] = [];
    const store = sequencerStore(ground.database.plane('writ_sequencer', 2));
    const seeker = new OutsideProofSeeker({
      store,
      witnesses: { policy, post: witnessesOver(dispatcher) },
      clock: systemClock,
      onProblem: (problem) => void problems.push(problem),
    });
    for (let turn = 0; turn < 2; turn += 1) {
      await ground.write(own, tenant, 1);
      await settle(ground.sequencer(anchor));
      await ground.epoch(anchor);
      await seeker.seek();
    }
    expect(problems).toEqual([]);
    await ground.write(own, tenant, 1);
    await settle(ground.sequencer(anchor));
    await ground.epoch(anchor);
    const forged = Array.from({ length: 3 }, (_, n) => hashEpoch(n, new Uint8Array(32)));
    const note = signCheckpoint({ origin: `${deployment}/epochs`, size: 3, root: rootOf(forged) }, ground.logKey);
    await ground.admin.query('ALTER TABLE ledger.epoch DISABLE TRIGGER ALL');
    await ground.admin.query('UPDATE ledger.epoch SET note = $1 WHERE number = 2', [note]);
    await seeker.seek();
    expect(problems.filter((problem) => problem.startsWith('ALARM'))).toHaveLength(3);
    expect(await store.outsideProof()).toMatchObject({ witnessed: 1 });
    await ground.admin.query('ALTER TABLE ledger.epoch ENABLE ALWAYS TRIGGER append_only');
  });
});

describe('a clock', () => {
  it.each([
    ['10 s back', -10_000],
    ['2 h back', -7_200_000],
    ['a day ahead', 86_400_000],
  ])(
    'row 19, F36: of a gateway, %s, takes it out of service with a problem, and back when it is right',
    async (_, offset) => {
      let offsetMs = offset;
      const problems: string[] = [];
      const late = await ground.gateway(undefined, {
        clock: { ...systemClock, nowMs: () => Date.now() + offsetMs },
        onProblem: (problem) => void problems.push(problem),
      });
      const tenant = await ground.database.tenant();
      const log = await ground.logOf(tenant);
      expect(await late.ledger.commit(log, aPermitRecord(), durably)).toEqual({
        ok: false,
        error: 'ledger-unavailable',
      });
      expect(problems.some((problem) => problem.includes('nothing is recorded until it is right'))).toBe(true);
      offsetMs = 0;
      await eventually(
        async () => expect((await late.ledger.commit(log, aPermitRecord(), durably)).ok).toBe(true),
        15_000,
      );
      await late.close();
    },
    40_000,
  );

  it('row 20: of the sequencer, a minute back, stops it; ten seconds back, its times still only grow', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    expect((await ground.sequencer().tick()).kind).toBe('committed');
    await ground.write(own, tenant, 1);
    expect(await ground.sequencer(undefined, () => Date.now() - 70_000).tick()).toMatchObject({
      kind: 'failed',
      cause: expect.stringContaining('clock-stopped'),
    });
    expect((await ground.sequencer(undefined, () => Date.now() - 10_000).tick()).kind).toBe('committed');
    expect(ground.problems.at(-1)).toMatch(/the clock is [0-9]+ ms behind/);
    const { rows } = await ground.admin.query<{ grows: boolean }>(
      `SELECT seq_ts > lag(seq_ts) OVER (ORDER BY first_idx) AS grows FROM ${schemaOf(tenant.tenant)}.batch`,
    );
    expect(rows.slice(1).every(({ grows }) => grows)).toBe(true);
  });

  it('row 21: of the sequencer, a day ahead and then right again, stops it until a person has looked; a record dated ahead fails verification', async () => {
    const [tenant, other] = [await ground.database.tenant(), await ground.database.tenant()];
    await ground.write(own, tenant, 1);
    expect((await ground.sequencer(undefined, () => Date.now() + 86_400_000).tick()).kind).toBe('committed');
    await ground.write(own, tenant, 1);
    expect(await ground.sequencer().tick()).toMatchObject({
      kind: 'failed',
      cause: expect.stringContaining('clock-stopped'),
    });
    await ground.admin.query('DELETE FROM ledger.pending');
    const { privateKey } = generateKeyPairSync('ed25519');
    const writer = writerSigner('gateway-ahead', privateKey);
    const publicKey = rawPublicKey(privateKey);
    const claims = enrolment({ id: writer.id, publicKey }, { workload: 'gateway', build: '1' }, Date.now());
    const statement = Buffer.from(signEnrolment(claims, ground.authority)).toString('ascii');
    await writerRegister(ground.database.plane('writ_gateway', 1)).enrol({
      id: writer.id,
      kind: 'gateway',
      publicKey: Buffer.from(publicKey).toString('base64'),
      statement,
    });
    for (const leaf of await signedLeaves(
      writer,
      await ground.logOf(other),
      [aPermitRecord()],
      () => Date.now() + 3_600_000,
    ))
      await plant(ground, other, leaf);
    await settle(ground.sequencer());
    expect((await ground.verify(await ground.bundle(other))).exit).toBe(exitCodes.time);
  });
});

describe('an export', () => {
  it('F26: that breaks off anywhere is no bundle: the signed manifest comes last', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 20);
    await settle(ground.sequencer());
    const whole = await ground.bundle(tenant);
    for (let part = 1; part < 40; part += 1)
      expect((await ground.verify(whole.subarray(0, Math.floor((whole.length * part) / 40)))).exit).toBe(
        exitCodes.format,
      );
    expect((await ground.verify(whole)).exit).toBe(exitCodes.ok);
  });
});

describe('a superuser', () => {
  it('row 43: who turns the guards off is told of by the auditor, whatever he did meanwhile', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 1);
    await settle(ground.sequencer());
    await ground.admin.query(`ALTER TABLE ${schemaOf(tenant.tenant)}.record DISABLE TRIGGER append_only`);
    const told: string[] = [];
    const auditor = new Auditor({
      plane: ground.database.plane('writ_exporter', 1),
      tenants: () => Promise.resolve([tenant.tenant]),
      logKey: ground.logKey.publicKey,
      authority: ground.authority.publicKey,
      clock: systemClock,
      holdIntegrity: () => Promise.resolve(),
      onUnguarded: (_, guards) => void told.push(...guards),
      onFinding: () => undefined,
    });
    await auditor.rehashSince(0);
    expect(told).toEqual(['record.append_only']);
  });

  it('row 45, trap 6, A6: who restores the key table after an erasure revives nothing: the same order removes the keys again', async () => {
    const tenant = await ground.database.tenant();
    await ground.write(own, tenant, 3);
    await settle(ground.sequencer());
    const schema = schemaOf(tenant.tenant);
    const { rows } = await ground.admin.query<{ subject_ref: string; n: number }>(
      `SELECT subject_ref, count(*)::int AS n FROM ${schema}.record_key GROUP BY 1 ORDER BY 2 DESC LIMIT 1`,
    );
    const { subject_ref, n } = rows[0] ?? { subject_ref: '', n: 0 };
    await ground.admin.query(`CREATE TABLE ${schema}.key_backup AS SELECT * FROM ${schema}.record_key`);
    const order = await ground.event(own, tenant, 'erasure.executed', { subject_ref });
    await settle(ground.sequencer());
    const retention = retentionStore(ground.database.plane('writ_retention', 1));
    expect(await retention.erase(tenant.tenant, order.id, 1_000)).toEqual({ erased: n, spared: 0 });
    const report = await ground.verify(await ground.bundle(tenant));
    expect(report.exit).toBe(exitCodes.ok);
    expect(report.claims.find(({ name }) => name === 'DISCLOSED')?.what).toMatch(/1 erasures on record/);
    await ground.admin.query(
      `INSERT INTO ${schema}.record_key SELECT * FROM ${schema}.key_backup ON CONFLICT DO NOTHING`,
    );
    expect(await retention.erase(tenant.tenant, order.id, 1_000)).toEqual({ erased: n, spared: 0 });
    const left = await ground.admin.query(`SELECT FROM ${schema}.record_key WHERE subject_ref = $1`, [subject_ref]);
    expect(left.rowCount).toBe(0);
  });
});
