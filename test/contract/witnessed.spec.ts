import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningWitness, startWitness } from '@writ/cli';
import type { TenantContext } from '@writ/domain';
import { type WitnessPolicy, exitCodes, logSigner, parseWitnessPolicy, witnessKey } from '@writ/ledger';
import { guardedDispatcher, systemClock } from '@writ/platform';
import { type EnrolledLedger, schemaOf, sequencerStore } from '@writ/postgres';
import {
  type Anchor,
  OutsideProofSeeker,
  type Sequencer,
  anchorFolder,
  timestampAuthority,
  witnessesOver,
} from '@writ/worker';
import type { Dispatcher } from 'undici';
import { OpensslTimestampAuthority } from '../support/timestamp-authority.js';
import { eventually } from './eventually.js';
import { LedgerGround, deployment, settle } from './ledger-ground.js';
import { aPermitRecord } from './records.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-witnessed-'));
const authority = new OpensslTimestampAuthority();
const stranger = new OpensslTimestampAuthority('stranger');
let ground: LedgerGround;
let witnesses: RunningWitness[];
let policyText: string;
let policy: WitnessPolicy;
let own: EnrolledLedger;
let anchor: Anchor;
let sequencer: Sequencer;
let dispatcher: Dispatcher;
let seeker: OutsideProofSeeker;

beforeAll(async () => {
  ground = await LedgerGround.open();
  const log = [`${deployment}/epochs=${Buffer.from(ground.logKey.publicKey).toString('hex')}`];
  witnesses = await Promise.all(
    ['w1.example', 'w2.example', 'w3.example'].map((name) =>
      startWitness({ name, folder: join(folder, name), log, host: '127.0.0.1', port: 0 }),
    ),
  );
  policyText = [
    ...witnesses.map(({ url, vkey }, at) => `witness w${at + 1} ${vkey} ${url}`),
    'group all-of-us 2 w1 w2 w3',
    'quorum all-of-us',
    '',
  ].join('\n');
  const parsed = parseWitnessPolicy(policyText);
  if (!parsed) throw new Error('the policy does not parse');
  policy = parsed;
  own = await ground.gateway(policy);
  anchor = anchorFolder(join(folder, 'anchor'));
  sequencer = ground.sequencer(anchor);
  const stampUrl = await authority.open();
  await stranger.open();
  dispatcher = guardedDispatcher({
    allowHosts: [...witnesses.map(({ url }) => url), stampUrl].map((url) => new URL(url).host),
    connectMs: 1_000,
  });
  seeker = new OutsideProofSeeker({
    store: sequencerStore(ground.database.plane('writ_sequencer', 2)),
    witnesses: { policy, post: witnessesOver(dispatcher) },
    timestamps: { port: timestampAuthority(dispatcher, stampUrl), certificate: authority.certificate, everyMs: 0 },
    clock: systemClock,
    onProblem: (problem) => void ground.problems.push(problem),
  });
});
afterAll(async () => {
  await own.close();
  await anchor.close();
  await Promise.all([...witnesses.map((witness) => witness.stop()), authority.close(), stranger.close()]);
  await dispatcher.close();
  await ground.close();
  rmSync(folder, { recursive: true });
});

/** What the sequencer's role does at each turn. */
async function turn(): Promise<void> {
  await settle(sequencer);
  await ground.epoch(anchor);
  await seeker.seek();
}

async function aSeenLog(requests: number): Promise<TenantContext> {
  const tenant = await ground.database.tenant();
  await ground.write(own, tenant, requests);
  await turn();
  return tenant;
}

function policyOfStrangers(): WitnessPolicy {
  const { publicKey } = logSigner(generateKeyPairSync('ed25519').privateKey);
  const parsed = parseWitnessPolicy(`witness x ${witnessKey('x.example', publicKey)}\nquorum x\n`);
  if (!parsed) throw new Error('the policy does not parse');
  return parsed;
}

const witnessed = { level: 'witnessed', deadlineMs: 1_000 } as const;

describe('the level witnessed', () => {
  it('is reached once a quorum has cosigned an epoch that holds the record, and not before', async () => {
    const tenant = await aSeenLog(3);
    let isDone = false;
    const committing = own.ledger.commit(await ground.logOf(tenant), aPermitRecord(), witnessed).then((receipt) => {
      isDone = true;
      return receipt;
    });
    await eventually(async () => {
      const { rows } = await ground.admin.query(`SELECT count(*)::int AS n FROM ${schemaOf(tenant.tenant)}.record`);
      expect(rows).toEqual([{ n: 7 }]);
    });
    await settle(sequencer);
    await ground.epoch(anchor);
    expect(isDone).toBe(false);
    await seeker.seek();
    const receipt = await committing;
    expect(receipt).toMatchObject({ ok: true, value: { level: 'witnessed' } });
  });

  it('is refused where the evidence is signed by witnesses that the policy of the gateway does not name', async () => {
    const tenant = await aSeenLog(1);
    const suspicious = await ground.gateway(policyOfStrangers());
    let answer: unknown;
    void suspicious.ledger.commit(await ground.logOf(tenant), aPermitRecord(), witnessed).then((settled) => {
      answer = settled;
    });
    await eventually(async () => {
      await turn();
      expect(answer).toEqual({ ok: false, error: 'ledger-unavailable' });
    });
    await suspicious.close();
  });

  it('is refused at once where no policy names a witness', async () => {
    const without = await ground.gateway();
    const tenant = await ground.database.tenant();
    expect(await without.ledger.commit(await ground.logOf(tenant), aPermitRecord(), witnessed)).toEqual({
      ok: false,
      error: 'ledger-unavailable',
    });
    await without.close();
  });

  it('goes on with one witness out, stops with two out, and catches up when they are back', async () => {
    const tenant = await aSeenLog(1);
    await witnesses[0]?.stop();
    await ground.write(own, tenant, 1);
    await turn();
    expect((await ground.verify(await ground.bundle(tenant), { policy })).exit).toBe(exitCodes.ok);
    await witnesses[1]?.stop();
    await ground.write(own, tenant, 1);
    await turn();
    expect(ground.problems.some((problem) => problem.includes('no quorum'))).toBe(true);
    const log = [`${deployment}/epochs=${Buffer.from(ground.logKey.publicKey).toString('hex')}`];
    for (const at of [0, 1]) {
      const { port } = new URL(witnesses[at]?.url ?? '');
      const name = `w${at + 1}.example`;
      witnesses[at] = await startWitness({
        name,
        folder: join(folder, name),
        log,
        host: '127.0.0.1',
        port: Number(port),
      });
    }
    await seeker.seek();
    const { rows } = await ground.admin.query('SELECT max(number) AS n FROM ledger.epoch_witness');
    const newest = await ground.admin.query('SELECT max(number) AS n FROM ledger.epoch');
    expect(rows).toEqual(newest.rows);
  });
});

describe('a bundle of a log that the outside has seen', () => {
  it('is WITNESSED by the policy that the verifier brings, and TIMESTAMPED by its authority', async () => {
    const tenant = await aSeenLog(90);
    const report = await ground.verify(await ground.bundle(tenant), {
      policy,
      timestampAuthority: authority.certificate,
    });
    expect(report.findings).toEqual([]);
    const claims = Object.fromEntries(report.claims.map(({ name, holds, what }) => [name, holds && what]));
    expect(claims['WITNESSED']).toBe('by the witnesses of your policy: w1.example, w2.example, w3.example');
    expect(claims['TIMESTAMPED']).toMatch(/^not later than 20/);
    expect(claims['COMPLETE']).toMatch(/^indices 0 to 179 of 180/);
  });

  it('is refused by a verifier with another authority or with witnesses that did not cosign', async () => {
    const bundle = await ground.bundle(await aSeenLog(1));
    expect((await ground.verify(bundle, { timestampAuthority: stranger.certificate })).exit).toBe(exitCodes.signature);
    expect((await ground.verify(bundle, { policy: policyOfStrangers() })).exit).toBe(exitCodes.witness);
  });

  it("shows a tenant's role its own log's place and nobody else's", async () => {
    const [mine, other] = [await aSeenLog(1), await aSeenLog(1)];
    const schema = `t_${mine.tenant.replaceAll('-', '')}`;
    const exporter = await ground.database.session('writ_exporter');
    await exporter.query('BEGIN');
    await exporter.query(`SET LOCAL ROLE ${schema}_read`);
    const { rows } = await exporter.query('SELECT head_size FROM ledger.epoch_evidence($1, false)', [mine.tenant]);
    expect(rows).toEqual([{ head_size: '2' }]);
    await expect(
      exporter.query('SELECT head_size FROM ledger.epoch_evidence($1, false)', [other.tenant]),
    ).rejects.toMatchObject({ code: '42501' });
    await exporter.query('ROLLBACK');
  });
});
