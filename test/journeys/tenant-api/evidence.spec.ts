import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId } from '@writ/domain';
import { logSigner, openCheckpoint, verifyInclusion } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { type PlanePool, planePool, retentionStore, sequencerStore } from '@writ/postgres';
import { Sequencer, eraseByOrders } from '@writ/worker';
import { must } from '../../support/index.js';
import { type House, openHouse } from './house.js';
import { type Federated, type Payload, change, done, federate, keyed } from './steps.js';

const key = logSigner(generateKeyPairSync('ed25519').privateKey);
let house: House;
let mine: Federated;
let second: string;
let auditor: string;
let sequencer: Sequencer;
const planes: PlanePool[] = [];

beforeAll(async () => {
  house = await openHouse();
  mine = await federate(house, 'mine');
  const plane = planePool('writ_sequencer', { url: house.url('writ_sequencer'), max: 2 });
  planes.push(plane);
  second = await house.issuer.token({ sub: 'grace-mine', org_id: 'mine', groups: ['it-admins'] });
  auditor = await house.issuer.token({ sub: 'olga-mine', org_id: 'mine', groups: ['auditors'] });
  sequencer = new Sequencer({
    store: sequencerStore(plane),
    key,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: () => undefined,
  });
});
afterAll(async () => {
  await Promise.all(planes.map((plane) => plane.close()));
  await house?.close();
});

async function settle(): Promise<void> {
  while ((await sequencer.tick()).kind === 'committed');
}

/** Sends a change, has a second person approve it, and sends it again unchanged. */
async function withApproval(field: string, input: object, selection: string): Promise<Payload> {
  const asked = await house.ask<Record<string, { userErrors: { code: string; approvalId: string | null }[] }>>(
    `mutation ($input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input)${keyed(field)} { userErrors { code approvalId } } }`,
    { input },
    mine.owner,
  );
  const [refused] = asked.data[field]?.userErrors ?? [];
  expect(refused?.code).toBe('APPROVAL_REQUIRED');
  const approval = { id: refused?.approvalId, expectedVersion: 1 };
  expect((await change(house, 'approveChange', approval, 'approval { state }', mine.owner)).userErrors[0]?.code).toBe(
    'SECOND_PERSON_REQUIRED',
  );
  await done(house, 'approveChange', approval, 'approval { state }', second);
  return done(house, field, input, selection, mine.owner);
}

async function schemaOfMine(): Promise<string> {
  const { rows } = await house.admin.query<{ s: string }>(
    `SELECT nspname AS s FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'`,
  );
  return rows[0]?.s ?? '';
}

async function events(name: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await house.admin.query<{ leaf: Buffer }>(
    `SELECT leaf FROM ${await schemaOfMine()}.record WHERE kind = 'event'`,
  );
  return rows
    .map(
      ({ leaf }) =>
        JSON.parse(Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString()) as Record<
          string,
          unknown
        >,
    )
    .filter((payload) => payload['name'] === name);
}

describe('auditProof', () => {
  it('proves a record and its place to somebody who trusts the log key alone, and leaves a record of the reading', async () => {
    const made = await done(house, 'createBudget', { name: 'proven', limitMicros: '1' }, 'budget { id }', mine.owner);
    await settle();
    const query = `query ($id: ID!) { auditProof(recordId: $id) { leaf leafHash index size inclusionProof checkpoint tlogProof } }`;
    const { data } = await house.ask<{
      auditProof: {
        leafHash: string;
        index: number;
        size: number;
        inclusionProof: string[];
        checkpoint: string;
        tlogProof: string;
      };
    }>(query, { id: made.auditRecord?.id }, auditor);
    const proof = data.auditProof;
    const checkpoint = openCheckpoint(proof.checkpoint, [key.publicKey]);
    expect(checkpoint?.size).toBe(proof.size);
    const path = proof.inclusionProof.map((hash) => Buffer.from(hash, 'hex'));
    expect(
      verifyInclusion(
        proof.index,
        proof.size,
        Buffer.from(proof.leafHash, 'hex'),
        path,
        checkpoint?.root ?? new Uint8Array(),
      ),
    ).toBe(true);
    expect(proof.tlogProof.startsWith(`c2sp.org/tlog-proof@v1\nindex ${proof.index}\n`)).toBe(true);
    expect(await events('access.proof')).toHaveLength(1);
  });

  it.each([
    ['{ decisions(first: 1) { edges { node { id } } } }', 'access.decisions'],
    ['{ checkpoints(first: 1) { size } }', 'access.checkpoints'],
    ['{ exports(first: 1) { edges { node { id } } } }', 'access.exports'],
    ['{ legalHolds { id } }', 'access.holds'],
  ])('and every other reading of evidence leaves a record too: %s', async (query, event) => {
    expect((await house.ask(query, {}, auditor)).errors).toBeUndefined();
    expect((await events(event)).length).toBeGreaterThan(0);
  });
});

describe('a legal hold', () => {
  it('is in force before its answer, and goes with a second person only', async () => {
    const { hold } = await done(
      house,
      'placeLegalHold',
      { matter: 'docket 12/2026' },
      'hold { id matter fromIndex toIndex releasedAt }',
      mine.owner,
    );
    expect(hold).toMatchObject({ matter: 'docket 12/2026', fromIndex: '0', toIndex: null, releasedAt: null });
    const { id } = hold as { id: string };
    const rows = async (): Promise<unknown> =>
      (await house.admin.query(`SELECT event, matter FROM ${await schemaOfMine()}.hold ORDER BY at`)).rows;
    expect(await rows()).toEqual([{ event: 'placed', matter: 'docket 12/2026' }]);
    const released = await withApproval(
      'releaseLegalHold',
      { id, reason: 'the matter is closed' },
      'hold { releasedAt }',
    );
    expect(released['hold']).toMatchObject({ releasedAt: expect.any(String) });
    expect(await rows()).toEqual([
      { event: 'placed', matter: 'docket 12/2026' },
      { event: 'released', matter: 'docket 12/2026' },
    ]);
    expect(await events('hold.released')).toMatchObject([
      { fields: { hold: expect.any(String) }, seal: { fields: ['actor', 'reason'] } },
    ]);
    const again = await change(house, 'releaseLegalHold', { id, reason: 'once more' }, 'hold { id }', mine.owner);
    expect(again.userErrors[0]?.code).toBe('INVALID');
  });

  it('is not placed by a dry run, nor by an auditor', async () => {
    const before = await house.admin.query(`SELECT FROM ${await schemaOfMine()}.hold`);
    await done(house, 'placeLegalHold', { matter: 'dry', dryRun: true }, 'hold { id }', mine.owner);
    await expect(change(house, 'placeLegalHold', { matter: 'mine' }, 'hold { id }', auditor)).rejects.toThrow(
      /FORBIDDEN|permission/i,
    );
    expect((await house.admin.query(`SELECT FROM ${await schemaOfMine()}.hold`)).rowCount).toBe(before.rowCount);
  });
});

describe('retention', () => {
  it('is chosen among the classes of the law, longer alone, shorter with a second person', async () => {
    const classes = await house.ask<{ retentionClasses: { name: string; current: boolean }[] }>(
      '{ retentionClasses { name keep current } }',
      {},
      mine.owner,
    );
    expect(classes.data.retentionClasses.filter(({ current }) => current)).toMatchObject([{ name: 'y6' }]);
    await done(house, 'chooseRetention', { keep: 'y10' }, 'retention { name }', mine.owner);
    await withApproval('chooseRetention', { keep: 'y3' }, 'retention { name }');
    const unknown = await change(house, 'chooseRetention', { keep: 'd1' }, 'retention { name }', mine.owner);
    expect(unknown.userErrors[0]?.code).toBe('INVALID');
  });
});

describe('an export of some records alone', () => {
  const range = { purpose: 'for the court', from: '2026-01-01T00:00:00Z', to: '2036-01-01T00:00:00Z' };

  it('discloses a field when two people agreed to it, and the log says so first', async () => {
    const made = await done(house, 'createBudget', { name: 'shown', limitMicros: '1' }, 'budget { id }', mine.owner);
    await settle();
    const selection = { records: [made.auditRecord?.id] };
    const input = { ...range, selection, disclose: ['actor'] };
    const answer = await withApproval('requestExport', input, 'export { location isSelection disclose }');
    const exported = answer['export'] as { location: string };
    expect(exported).toMatchObject({ isSelection: true, disclose: ['actor'] });
    expect(await events('export.requested')).toMatchObject([
      { fields: { disclose: ['actor'], selection: { count: 1 } } },
    ]);
    const response = await fetch(new URL(exported.location, house.api.url), {
      headers: { authorization: `Bearer ${mine.owner}` },
    });
    const bundle = Buffer.from(await response.arrayBuffer()).toString('latin1');
    expect([response.status, /records\/\d+\.jws/.test(bundle)]).toEqual([200, true]);
    expect(/"actor":\{"salt":"[\w-]{43}","value":"[^"]+"\}/.test(bundle)).toBe(true);
  });

  it('needs no second person while nothing is disclosed', async () => {
    const selection = {
      issuer: house.issuer.url,
      subject: 'nora',
      endpoint: 'east',
      route: '/v1/messages',
      class: 'PHI',
    };
    const answer = await done(house, 'requestExport', { ...range, selection }, 'export { isSelection }', mine.owner);
    expect(answer['export']).toEqual({ isSelection: true });
    expect(JSON.stringify(await events('export.requested'))).not.toContain('nora');
  });

  it.each([
    [{ disclose: ['prompt'] }, 'Only a selection'],
    [{ selection: {} }, 'Select by'],
    [{ selection: { subject: 'nora' } }, 'by its issuer'],
    [{ selection: { endpoint: 'a b' } }, 'name of an endpoint'],
    [{ selection: { route: 'v1' } }, 'a route'],
    [{ selection: { class: 'P HI' } }, 'name of a class'],
    [{ selection: { records: ['nonsense'] } }, 'by their ids'],
    [{ selection: { records: [], endpoint: 'east' } }, 'and not both'],
    [{ selection: { endpoint: 'east' }, disclose: ['=cmd()'] }, 'fields'],
  ])('is refused with a sentence that tells what to mend: %j', async (more, sentence) => {
    const { userErrors } = await change(house, 'requestExport', { ...range, ...more }, 'export { id }', mine.owner);
    expect(userErrors).toMatchObject([{ code: 'INVALID', message: expect.stringContaining(sentence) }]);
  });
});

describe('an erasure', () => {
  it("destroys a subject's keys by an order that two people gave, again after a restore, and spares what is held", async () => {
    const input = { issuer: house.issuer.url, subject: 'nora', basis: 'GDPR 17, ticket 4711' };
    const answer = await withApproval('eraseSubject', input, 'erasure { subjectRef }');
    const { subjectRef } = answer['erasure'] as { subjectRef: string };
    const schema = await schemaOfMine();
    const tenant = must(parseTenantId(schema.slice(2).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')));
    const plant = (): Promise<unknown> =>
      house.admin.query(
        `INSERT INTO ${schema}.record_key (tenant_id, record_id, subject_ref, wrapped)
         SELECT tenant_id, record_id, $1, 'key' FROM ${schema}.record ORDER BY record_id LIMIT 3 ON CONFLICT (record_id) DO UPDATE SET subject_ref = $1`,
        [subjectRef],
      );
    await settle();
    const reading = planePool('writ_exporter', { url: house.url('writ_exporter'), max: 1 });
    const erasing = planePool('writ_retention', { url: house.url('writ_retention'), max: 1 });
    planes.push(reading, erasing);
    const parts = { reading, retention: retentionStore(erasing), onProblem: () => undefined };
    for (let restore = 0; restore < 2; restore += 1) {
      await plant();
      expect(await eraseByOrders(tenant, parts)).toBe(3);
    }
    await done(house, 'placeLegalHold', { matter: 'docket 13' }, 'hold { id }', mine.owner);
    await plant();
    expect(await eraseByOrders(tenant, parts)).toBe(0);
  });
});
