import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { type Federated, change, done, federate } from './steps.js';

let house: House;
let north: Federated;
let south: Federated;
beforeAll(async () => {
  house = await openHouse();
  north = await federate(house, 'north');
  south = await federate(house, 'south');
});
afterAll(() => house?.close());

const budget = (name: string, limitMicros = '1000000') => ({ name, limitMicros });
const keyed = (key: string): string => ` @idempotent(key: "${key}")`;
const createBudget = (input: object, token: string, directive = '') =>
  change(house, 'createBudget', input, 'budget { id version limitMicros }', token, directive);

describe('an idempotency key', () => {
  it('G8: replays the first answer to the same caller with the same arguments', async () => {
    const first = await createBudget(budget('replayed'), north.owner, keyed('key-replay-1'));
    const second = await createBudget(budget('replayed'), north.owner, keyed('key-replay-1'));
    expect(second).toEqual(first);
  });

  it('G8: is refused with other arguments', async () => {
    await createBudget(budget('mismatch'), north.owner, keyed('key-mismatch'));
    const other = await createBudget(budget('mismatch', '2'), north.owner, keyed('key-mismatch'));
    expect(other.userErrors[0]?.code).toBe('IDEMPOTENCY_MISMATCH');
  });

  it('G8: means nothing for another caller', async () => {
    const mine = await createBudget(budget('both'), north.owner, keyed('key-two-callers'));
    const theirs = await createBudget(budget('both'), south.owner, keyed('key-two-callers'));
    expect([mine.userErrors, theirs.userErrors]).toEqual([[], []]);
    expect(theirs['budget']).not.toEqual(mine['budget']);
  });

  it('G8: lets one of many concurrent requests win, and gives the others its answer', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => createBudget(budget('raced'), north.owner, keyed('key-race-01'))),
    );
    expect(new Set(all.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(all[0]?.userErrors).toEqual([]);
  });

  it('G8: is new again after a day', async () => {
    await createBudget(budget('yesterday'), north.owner, keyed('key-old-one'));
    await house.admin.query(
      `UPDATE control.idempotency SET created_at = created_at - interval '25 hours' WHERE key = 'key-old-one'`,
    );
    const again = await createBudget(budget('today'), north.owner, keyed('key-old-one'));
    expect(again.userErrors).toEqual([]);
  });
});

describe('a change', () => {
  it('G9: made from an old version is refused with the version that stands', async () => {
    const made = await createBudget(budget('stale'), north.owner);
    const { id, version } = made['budget'] as { id: string; version: number };
    const update = (limitMicros: string) =>
      change(
        house,
        'updateBudget',
        { id, expectedVersion: version, limitMicros, hard: true },
        'budget { version }',
        north.owner,
      );
    expect((await update('5')).userErrors).toEqual([]);
    const [refused] = (await update('6')).userErrors;
    expect([refused?.code, refused?.currentVersion]).toEqual(['CONFLICT', version + 1]);
    expect(refused?.differences).toEqual([{ field: 'limitMicros', stands: '5', sent: '6' }]);
  });

  it('that is dry changes nothing and leaves no record', async () => {
    const before = await house.admin.query('SELECT count(*) FROM control.change');
    const dry = await createBudget({ ...budget('dry'), dryRun: true }, north.owner);
    expect([dry.userErrors, dry.auditRecord]).toEqual([[], null]);
    const after = await house.admin.query('SELECT count(*) FROM control.change');
    expect(after.rows).toEqual(before.rows);
    expect((await createBudget(budget('dry'), north.owner)).userErrors).toEqual([]);
  });

  it('is in the ledger, durable, with the id that the answer names', async () => {
    const made = await createBudget(budget('recorded'), north.owner);
    const { rows } = await house.admin.query<{ record_id: string }>(
      'SELECT record_id FROM control.change ORDER BY created_at DESC LIMIT 1',
    );
    const schema = await house.admin.query<{ s: string }>(
      `SELECT nspname AS s FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'`,
    );
    const found = await Promise.all(
      schema.rows.map(({ s }) =>
        house.admin.query<{ kind: string }>(`SELECT kind FROM "${s}".record WHERE record_id = $1`, [
          rows[0]?.record_id,
        ]),
      ),
    );
    expect(found.flatMap((result) => result.rows)).toEqual([{ kind: 'event' }]);
    expect(made.auditRecord?.id).toMatch(/^rec_/);
  });

  it('is undone when its record cannot be made durable', async () => {
    // Each of its forms: processes of the release before call another than those of this one.
    const { rows: forms } = await house.admin.query<{ form: string }>(
      `SELECT oid::regprocedure::text AS form FROM pg_proc WHERE oid::regprocedure::text LIKE 'ledger.append(%'`,
    );
    const append = forms.map(({ form }) => form).join(', ');
    await house.admin.query(`REVOKE EXECUTE ON FUNCTION ${append} FROM writ_tenant_api`);
    try {
      const input = `{name: "unrecorded", limitMicros: "1"}`;
      const answer = await house.ask(`mutation { createBudget(input: ${input}) { budget { id } } }`, {}, north.owner);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([503, 'LEDGER_UNAVAILABLE']);
    } finally {
      await house.admin.query(`GRANT EXECUTE ON FUNCTION ${append} TO writ_tenant_api`);
    }
    const { rows } = await house.admin.query(`SELECT 1 FROM control.budget WHERE name = 'unrecorded'`);
    expect(rows).toEqual([]);
  });
});

describe('two people', () => {
  it('G10: are needed to map another claim to an administrative role, and the second must be another person', async () => {
    const found = await house.ask<{ identityProviders: { edges: { node: { id: string; version: number } }[] } }>(
      '{ identityProviders(first: 1) { edges { node { id version } } } }',
      {},
      north.owner,
    );
    const provider = found.data.identityProviders.edges[0]?.node;
    const mappings = [
      { claim: 'groups', equals: 'it-admins', role: 'owner' },
      { claim: 'sub', equals: 'mallory', role: 'owner' },
    ];
    const input = { id: provider?.id, expectedVersion: provider?.version, mappings };
    const widen = () =>
      house.ask<{ setClaimMappings: { userErrors: { code: string; approvalId: string | null }[] } }>(
        'mutation ($input: SetClaimMappingsInput!) { setClaimMappings(input: $input) { userErrors { code approvalId } } }',
        { input },
        north.owner,
      );
    const [asked] = (await widen()).data.setClaimMappings.userErrors;
    expect(asked?.code).toBe('APPROVAL_REQUIRED');
    const approve = (token: string) =>
      change(house, 'approveChange', { id: asked?.approvalId, expectedVersion: 1 }, 'approval { state }', token);
    expect((await approve(north.owner)).userErrors[0]?.code).toBe('SECOND_PERSON_REQUIRED');
    expect((await approve(south.owner)).userErrors[0]?.code).toBe('NOT_FOUND');
    const second = await house.issuer.token({ sub: 'grace-north', org_id: 'north', groups: ['it-admins'] });
    expect((await approve(second)).userErrors).toEqual([]);
    expect((await widen()).data.setClaimMappings.userErrors).toEqual([]);
    expect((await widen()).data.setClaimMappings.userErrors[0]?.code).toBe('CONFLICT');
  });

  it('are needed to ask for less evidence', async () => {
    const { data } = await house.ask<{ tenant: { version: number } }>('{ tenant { version } }', {}, north.owner);
    const input = { expectedVersion: data.tenant.version, dispatchClasses: ['PHI'] };
    const less = await change(house, 'updateTenant', input, 'tenant { id }', north.owner);
    expect(less.userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
    const shorter = { expectedVersion: data.tenant.version, keep: 'm6' };
    const kept = await change(house, 'updateTenant', shorter, 'tenant { id }', north.owner);
    expect(kept.userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
    const more = await change(
      house,
      'updateTenant',
      { expectedVersion: data.tenant.version, evidenceLevel: 'receipted' },
      'tenant { id }',
      north.owner,
    );
    expect(more.userErrors).toEqual([]);
  });

  it('are a constraint of the database, not of this code alone', async () => {
    const self = `UPDATE control.approval SET decided_by = requested_by, state = 'approved'`;
    await expect(house.admin.query(self)).rejects.toThrow(/second_person/);
  });

  it('G10: cannot leave a tenant without anybody who can be owner', async () => {
    const found = await house.ask<{ identityProviders: { edges: { node: { id: string; version: number } }[] } }>(
      '{ identityProviders(first: 1) { edges { node { id version } } } }',
      {},
      south.owner,
    );
    const provider = found.data.identityProviders.edges[0]?.node;
    const emptied = await change(
      house,
      'setClaimMappings',
      { id: provider?.id, expectedVersion: provider?.version, mappings: [] },
      'identityProvider { id }',
      south.owner,
    );
    expect(emptied.userErrors[0]?.code).toBe('LAST_OWNER');
    const disabled = await change(
      house,
      'disableIdentityProvider',
      { id: provider?.id, expectedVersion: provider?.version },
      'identityProvider { id }',
      south.owner,
    );
    expect(disabled.userErrors[0]?.code).toBe('LAST_OWNER');
  });
});

describe('a secret', () => {
  it('of an app is shown once, and only its hash is kept', async () => {
    const app = await done(
      house,
      'createApp',
      { name: 'chart-agent', kind: 'agent', roles: ['clinician'] },
      'app { id }',
      north.owner,
    );
    const { id } = app['app'] as { id: string };
    const made = await change(
      house,
      'createAppKey',
      { appId: id },
      'secret appKey { prefix lastFour }',
      north.owner,
      keyed('app-key-once'),
    );
    const secret = String(made['secret']);
    expect(secret).toMatch(/^writ_[A-Za-z0-9_-]{43}$/);
    expect(made['appKey']).toEqual({ prefix: secret.slice(0, 9), lastFour: secret.slice(-4) });
    const replayed = await change(
      house,
      'createAppKey',
      { appId: id },
      'secret appKey { prefix lastFour }',
      north.owner,
      keyed('app-key-once'),
    );
    expect(replayed['secret']).toBeNull();
    const kept = await house.admin.query<{ text: string }>(
      'SELECT string_agg(x::text, $1) AS text FROM (SELECT row_to_json(k)::text AS x FROM control.app_key k UNION ALL SELECT row_to_json(i)::text FROM control.idempotency i UNION ALL SELECT body FROM control.snapshot) all_of_it',
      ['\n'],
    );
    expect(kept.rows[0]?.text).not.toContain(secret);
  });

  it('G11: of a provider never comes back, in any answer, refusal or difference', async () => {
    const secret = 'sk-live-ABCDEFGHIJKLMNOP';
    const answers = [
      await change(
        house,
        'createProviderCredential',
        { name: 'vendor', provider: 'openai', secret },
        'providerCredential { id fingerprint lastFour }',
        north.owner,
      ),
      await change(
        house,
        'createProviderCredential',
        { name: 'vendor', provider: 'openai', secret },
        'providerCredential { id }',
        north.owner,
      ),
      await change(
        house,
        'createProviderCredential',
        { name: 'Bad Name', provider: 'nobody', secret },
        'providerCredential { id }',
        north.owner,
      ),
      await house.ask(
        '{ providerCredentials(first: 10) { edges { node { id name fingerprint lastFour } } } changeLog(first: 100) { edges { node { fields } } } }',
        {},
        north.owner,
      ),
    ];
    expect(JSON.stringify(answers)).not.toContain(secret);
    const rows = await house.admin.query('SELECT * FROM control.provider_credential');
    expect(JSON.stringify(rows.rows)).not.toContain(secret);
  });
});

/** The newest record of a name as the log holds it, without its key. */
async function recordNamed(name: string): Promise<string> {
  const { rows } = await house.admin.query<{ id: string }>(
    `SELECT id FROM control.tenant WHERE name = 'north hospital'`,
  );
  const found = await house.admin.query<{ leaf: Buffer }>(
    `SELECT leaf FROM t_${rows[0]?.id.replaceAll('-', '')}.record WHERE kind = 'event' ORDER BY record_id DESC`,
  );
  const payloads = found.rows.map(({ leaf }) =>
    Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString(),
  );
  return payloads.find((payload) => payload.includes(`"name":"${name}"`)) ?? '';
}

describe('a reason', () => {
  it('is asked for by every delete, is sealed in the record with a commitment, and stands in the change log', async () => {
    const made = await done(house, 'createDomain', { name: 'gone.example' }, 'domain { id }', north.owner);
    const { id } = made['domain'] as { id: string };
    const silent = await change(house, 'removeDomain', { id, reason: ' ' }, 'domain { id }', north.owner);
    expect(silent.userErrors[0]).toMatchObject({ code: 'INVALID', field: ['reason'] });
    const reason = 'Doctor Lopez sold the domain';
    await done(house, 'removeDomain', { id, reason }, 'domain { id }', north.owner);
    const record = await recordNamed('admin.domain-removed');
    const payload = JSON.parse(record) as { k: object; seal: { fields: string[] }; fields: object };
    expect(Object.keys(payload.k)).toEqual(['actor', 'reason']);
    expect(payload.seal.fields).toEqual(['actor', 'reason']);
    expect(record).not.toContain('Lopez');
    const { data } = await house.ask<{ changeLog: { edges: { node: { event: string; fields: string } }[] } }>(
      '{ changeLog(first: 1) { edges { node { event fields } } } }',
      {},
      north.owner,
    );
    const [last] = data.changeLog.edges;
    expect(last?.node.event).toBe('admin.domain-removed');
    expect(JSON.parse(last?.node.fields ?? '{}')).toEqual({ domain: 'gone.example', reason });
  });
});
