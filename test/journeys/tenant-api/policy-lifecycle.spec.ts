import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { type House, openHouse } from './house.js';
import { type Version, at, codes, draftOf, shown, source, tenantIdOf, versionIn } from './policy-versions.js';
import { type Federated, change, done, federate } from './steps.js';

let house: House;
let north: Federated;
/** A second administrator of the tenant. */
let grace: string;
let database: Pool;
beforeAll(async () => {
  house = await openHouse();
  north = await federate(house, 'north');
  grace = await house.issuer.token({ sub: 'grace-north', org_id: 'north', groups: ['it-admins'] });
  database = new Pool({ connectionString: house.databaseUrl, max: 1 });
});
afterAll(async () => {
  await database?.end();
  await house?.close();
});

const found =
  'check { passed loosenings { id what } proofs { name verdict witness } failedTests { name } survivors { rule mutation } disagreements }';

const publication = (version: Version): object => ({ ...at(version), expectedHash: version.hash });

async function drafted(text: string, token = north.owner): Promise<Version> {
  return draftOf(house, text, token);
}

async function submitted(text: string, token = north.owner): Promise<Version> {
  const draft = await drafted(text, token);
  const checked = await done(house, 'checkPolicy', at(draft), `${shown} ${found}`, token);
  expect(checked['check']).toMatchObject({ passed: true });
  return versionIn(await done(house, 'submitPolicy', at(versionIn(checked)), shown, token));
}

async function published(text: string, ticked: readonly string[] = []): Promise<Version> {
  const version = await submitted(text);
  const approval = { ...at(version), expectedHash: version.hash, ticked };
  const approved = versionIn(await done(house, 'approvePolicy', approval, shown, grace));
  return versionIn(
    await done(house, 'publishPolicy', { ...at(approved), expectedHash: approved.hash }, shown, north.owner),
  );
}

async function inDatabase(statement: string, values: readonly unknown[]): Promise<unknown> {
  const client = await database.connect();
  try {
    await client.query('BEGIN');
    const owner = await tenantIdOf(house, 'north');
    await client.query(`SELECT set_config('app.tenant', $1, true)`, [owner]);
    return (await client.query(statement, [...values])).rows;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const update = (set: string, where: string): Promise<unknown> =>
  inDatabase(`UPDATE control.policy_version SET ${set} WHERE ${where} RETURNING state`, []);

describe('where two people are asked for', () => {
  beforeAll(async () => {
    const { data } = await house.ask<{ tenant: { version: number } }>('{ tenant { version } }', {}, north.owner);
    const input = { expectedVersion: data.tenant.version, policyApproval: true };
    await done(house, 'updateTenant', input, 'tenant { policyApproval }', north.owner);
  });

  it('a version goes draft, validated, submitted, approved, published, superseded, and skips nothing', async () => {
    const draft = await drafted(source('0.6'));
    expect(draft.state).toBe('draft');
    const early = await change(house, 'publishPolicy', publication(draft), shown, north.owner);
    expect(codes(early)).toEqual(['APPROVAL_REQUIRED']);
    expect(codes(await change(house, 'submitPolicy', at(draft), shown, north.owner))).toEqual(['WRONG_STATE']);
    const checked = await done(house, 'checkPolicy', at(draft), `${shown} ${found}`, north.owner);
    expect([versionIn(checked).state, checked['check']]).toMatchObject([
      'validated',
      { passed: true, proofs: [{ name: 'PHI never leaves BAA cover', verdict: 'proved', witness: null }] },
    ]);
    const laid = versionIn(await done(house, 'submitPolicy', at(versionIn(checked)), shown, north.owner));
    const approval = { ...at(laid), expectedHash: laid.hash, ticked: [] };
    const own = await change(house, 'approvePolicy', approval, shown, north.owner);
    expect(codes(own)).toEqual(['SECOND_PERSON_REQUIRED']);
    const approved = versionIn(await done(house, 'approvePolicy', approval, shown, grace));
    const wrong = await change(
      house,
      'publishPolicy',
      { ...publication(approved), expectedHash: `sha256:${'0'.repeat(64)}` },
      shown,
      north.owner,
    );
    expect(codes(wrong)).toEqual(['HASH_MISMATCH']);
    const live = versionIn(await done(house, 'publishPolicy', publication(approved), shown, north.owner));
    expect(live.state).toBe('published');
    const edit = { source: source('0.5'), id: live.id, expectedVersion: live.version };
    expect(codes(await change(house, 'draftPolicy', edit, shown, north.owner))).toEqual(['WRONG_STATE']);
  });

  it('a loosening is ticked by its id, one by one, or nothing is approved', async () => {
    const laid = await submitted(source('0.7'));
    const approval = (ticked: readonly string[]) => ({ ...at(laid), expectedHash: laid.hash, ticked });
    for (const ticked of [[], ['phi/endpoints']])
      expect(codes(await change(house, 'approvePolicy', approval(ticked), shown, grace))).toEqual([
        'LOOSENING_NOT_TICKED',
      ]);
    const approved = await done(house, 'approvePolicy', approval(['phi/when']), `policy { state ticked }`, grace);
    expect(approved['policy']).toEqual({ state: 'approved', ticked: ['phi/when'] });
  });

  it('an edit takes back check, submission and approval, and its author cannot approve it either', async () => {
    const laid = await submitted(source('0.55'));
    const approved = versionIn(
      await done(house, 'approvePolicy', { ...at(laid), expectedHash: laid.hash, ticked: [] }, shown, grace),
    );
    const edited = versionIn(
      await done(
        house,
        'draftPolicy',
        { source: source('0.54'), id: approved.id, expectedVersion: approved.version },
        shown,
        grace,
      ),
    );
    expect(edited).toMatchObject({ state: 'draft', approver: null });
    const checked = versionIn(await done(house, 'checkPolicy', at(edited), shown, grace));
    const again = versionIn(await done(house, 'submitPolicy', at(checked), shown, grace));
    for (const token of [grace, north.owner]) {
      const approval = { ...at(again), expectedHash: again.hash, ticked: [] };
      expect(codes(await change(house, 'approvePolicy', approval, shown, token))).toEqual(['SECOND_PERSON_REQUIRED']);
    }
    const back = { ...at(again), reason: 'too strict for the wards' };
    expect(versionIn(await done(house, 'rejectPolicy', back, shown, grace)).state).toBe('draft');
  });

  it('an author who comes by another identity provider is the same person where the directory has the same address', async () => {
    const tenant = await tenantIdOf(house, 'north');
    const second = 'https://second.example';
    await house.admin.query(
      `INSERT INTO control.identity_provider SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'name', 'second', 'issuer', $2::text))).*
         FROM control.identity_provider p WHERE tenant_id = $1`,
      [tenant, second],
    );
    await house.admin.query(
      `INSERT INTO control.member (id, tenant_id, identity_provider_id, subject, email, roles, active)
       SELECT gen_random_uuid(), $1, id, 'g.hopper', 'grace@north.example', '[]', true FROM control.identity_provider WHERE issuer = $2`,
      [tenant, second],
    );
    const known = await house.admin.query(
      `UPDATE control.member SET email = 'Grace@North.example' WHERE tenant_id = $1 AND subject = 'grace-north'`,
      [tenant],
    );
    expect(known.rowCount).toBe(1);
    const draft = await drafted(source('0.57'));
    const hopper = createHash('sha256').update(`${second}|g.hopper`).digest('hex');
    await house.admin.query(
      'UPDATE control.policy_version SET authors = authors || jsonb_build_array($3::text) WHERE tenant_id = $1 AND number = $2',
      [tenant, draft.number, hopper],
    );
    const checked = versionIn(await done(house, 'checkPolicy', at(draft), shown, north.owner));
    const laid = versionIn(await done(house, 'submitPolicy', at(checked), shown, north.owner));
    const approval = { ...at(laid), expectedHash: laid.hash, ticked: [] };
    expect(codes(await change(house, 'approvePolicy', approval, shown, grace))).toEqual(['SECOND_PERSON_REQUIRED']);
    await house.admin.query(`UPDATE control.member SET email = 'hopper@north.example' WHERE subject = 'g.hopper'`);
    expect(versionIn(await done(house, 'approvePolicy', approval, shown, grace)).state).toBe('approved');
    await house.admin.query(`DELETE FROM control.member WHERE subject = 'g.hopper'`);
    await house.admin.query('DELETE FROM control.identity_provider WHERE issuer = $1', [second]);
  });

  it('G9: an edit from an old version is refused with the version that stands and what differs', async () => {
    const draft = await drafted(source('0.6'));
    const edit = (threshold: string) =>
      change(
        house,
        'draftPolicy',
        { source: source(threshold), id: draft.id, expectedVersion: draft.version },
        `${shown} conflict { id direction }`,
        north.owner,
      );
    expect(codes(await edit('0.65'))).toEqual([]);
    const refused = await edit('0.75');
    expect([codes(refused), refused.userErrors[0]?.currentVersion]).toEqual([['CONFLICT'], draft.version + 1]);
    expect(refused['conflict']).toEqual([{ id: 'phi/when', direction: 'loosens' }]);
  });

  it('a check that an invariant does not survive leaves a draft, with a request that breaks it', async () => {
    const draft = await drafted(source('0.95'));
    const checked = await done(house, 'checkPolicy', at(draft), `${shown} ${found}`, north.owner);
    expect([versionIn(checked).state, checked['check']]).toMatchObject([
      'draft',
      { passed: false, proofs: [{ verdict: 'broken', witness: expect.stringContaining('class(PHI)') }] },
    ]);
    expect(codes(await change(house, 'submitPolicy', at(versionIn(checked)), shown, north.owner))).toEqual([
      'WRONG_STATE',
    ]);
  });

  it('a version approved against one text is not published over another', async () => {
    const first = await submitted(source('0.5'));
    const second = await published(source('0.4'));
    expect(second.state).toBe('published');
    const approved = versionIn(
      await done(house, 'approvePolicy', { ...at(first), expectedHash: first.hash, ticked: [] }, shown, grace),
    );
    const late = await change(
      house,
      'publishPolicy',
      { ...at(approved), expectedHash: approved.hash },
      shown,
      north.owner,
    );
    expect(codes(late)).toEqual(['CONFLICT']);
  });

  it('an old text comes back as a new version through the same gate', async () => {
    const old = await published(source('0.3'));
    await published(source('0.2'));
    const rolled = await done(house, 'rollbackPolicy', { id: old.id }, `${shown} ${found}`, north.owner);
    const fresh = versionIn(rolled);
    expect(fresh).toMatchObject({ state: 'submitted', rollbackOf: old.number, hash: old.hash });
    expect(codes(await change(house, 'publishPolicy', publication(fresh), shown, north.owner))).toEqual([
      'APPROVAL_REQUIRED',
    ]);
    const approval = { ...publication(fresh), ticked: ['phi/when'] };
    expect(codes(await change(house, 'approvePolicy', approval, shown, north.owner))).toEqual([
      'SECOND_PERSON_REQUIRED',
    ]);
    const approved = versionIn(await done(house, 'approvePolicy', approval, shown, grace));
    const live = await done(
      house,
      'publishPolicy',
      { ...at(approved), expectedHash: approved.hash },
      shown,
      north.owner,
    );
    expect(versionIn(live)).toMatchObject({ state: 'published', rollbackOf: old.number });
  });

  it('a version on trial reaches the gateways beside the live one, and leaves them with the trial', async () => {
    const draft = await drafted(source('0.1'));
    const early = await change(house, 'tryPolicy', { ...at(draft), on: true }, shown, north.owner);
    expect(codes(early)).toEqual(['WRONG_STATE']);
    const checked = versionIn(await done(house, 'checkPolicy', at(draft), shown, north.owner));
    const tried = versionIn(await done(house, 'tryPolicy', { ...at(checked), on: true }, shown, north.owner));
    const snapshot = async () => {
      const { rows } = await house.admin.query<{ body: string }>(
        'SELECT body FROM control.snapshot ORDER BY published_at DESC, version DESC LIMIT 1',
      );
      return JSON.parse(rows[0]?.body ?? '{}') as { policy: { hash: string }; shadowPolicy?: { hash: string } };
    };
    const during = await snapshot();
    expect(during.shadowPolicy?.hash).toBe(tried.hash);
    expect(during.policy.hash).not.toBe(tried.hash);
    const ended = versionIn(await done(house, 'tryPolicy', { ...at(tried), on: false }, shown, north.owner));
    expect((await snapshot()).shadowPolicy).toBeUndefined();
    const again = versionIn(await done(house, 'tryPolicy', { ...at(ended), on: true }, shown, north.owner));
    expect((await snapshot()).shadowPolicy?.hash).toBe(tried.hash);
    await done(house, 'draftPolicy', { source: source('0.15'), ...at(again) }, shown, north.owner);
    expect((await snapshot()).shadowPolicy).toBeUndefined();
  });
});

describe('the database, asked directly with the login of the API', () => {
  beforeAll(async () => {
    const draft = await drafted(source('0.12'));
    const checked = await done(house, 'checkPolicy', at(draft), shown, north.owner);
    expect(versionIn(checked).state).toBe('validated');
  });

  it('publishes nothing that no second person approved', async () => {
    await expect(update(`state = 'published', publisher = 'x'`, `state = 'validated'`)).rejects.toThrow(
      /second person approved/,
    );
    await expect(update(`state = 'published', publisher = 'x'`, `state = 'draft'`)).rejects.toThrow(/does not go from/);
  });

  it('takes no approval from an author, whoever says so, and none that leaves a loosening unticked', async () => {
    await submitted(source('0.9'));
    await expect(update(`state = 'approved', approver = author`, `state = 'submitted'`)).rejects.toThrow(
      /second_person|ticks every loosening/,
    );
    await expect(
      update(
        `state = 'approved', approver = author, ticked = jsonb_path_query_array(report, '$.loosenings[*].id')`,
        `state = 'submitted'`,
      ),
    ).rejects.toThrow(/second_person/);
    await expect(
      update(
        `state = 'approved', approver = 'somebody else'`,
        `state = 'submitted' AND report -> 'loosenings' <> '[]'`,
      ),
    ).rejects.toThrow(/ticks every loosening/);
    await expect(
      update(`authors = jsonb_build_array('x'), author = 'x', state = 'draft', report = NULL`, `state = 'submitted'`),
    ).rejects.toThrow(/never forgotten/);
  });

  it('changes no text in place, no number, and nothing that was published', async () => {
    await expect(update(`source = 'other'`, `state IN ('published', 'superseded')`)).rejects.toThrow(/never changes/);
    await expect(update(`source = 'other'`, `state = 'validated'`)).rejects.toThrow(/draft again/);
    await expect(update(`number = 999`, `state = 'draft'`)).rejects.toThrow(/never changes/);
    await expect(
      update(`state = 'draft', report = NULL, approver = NULL, ticked = '[]'`, `state = 'published'`),
    ).rejects.toThrow(/does not go from/);
    await expect(inDatabase('DELETE FROM control.policy_version', [])).rejects.toThrow(/permission denied/);
  });

  it('validates nothing that no check passed', async () => {
    await drafted(source('0.6'));
    await expect(update(`state = 'validated'`, `state = 'draft' AND report IS NULL`)).rejects.toThrow(
      /check that it passed/,
    );
    await expect(
      update(`state = 'validated', report = '{"passed": true, "hash": "sha256:other"}'`, `state = 'draft'`),
    ).rejects.toThrow(/check that it passed/);
  });
});
