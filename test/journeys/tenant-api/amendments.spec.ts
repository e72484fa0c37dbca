import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyRequired } from '@writ/tenant-api';
import { type House, openHouse } from './house.js';
import { inputOf, mutationsOf } from './inputs.js';
import { type Federated, type Payload, change, done, federate, setupToken } from './steps.js';

let house: House;
let own: Federated;
let other: Federated;
beforeAll(async () => {
  house = await openHouse();
  own = await federate(house, 'own');
  other = await federate(house, 'other');
});
afterAll(() => house?.close());

interface Published {
  readonly endpoints: readonly { readonly id: string; readonly region: string; readonly models: readonly string[] }[];
  readonly aliases: readonly unknown[];
  readonly budgets: readonly unknown[];
  readonly limits: readonly { readonly requestsPerMinute?: number }[];
}

/** What gateways hold from now on. */
async function published(): Promise<Published> {
  const { rows } = await house.admin.query<{ body: string }>(
    `SELECT s.body FROM control.snapshot s JOIN control.tenant t ON t.id = s.tenant_id WHERE t.name = 'own hospital' ORDER BY s.version DESC LIMIT 1`,
  );
  return JSON.parse(rows[0]?.body ?? '{}') as Published;
}

async function lastEvent(): Promise<string | undefined> {
  const { rows } = await house.admin.query<{ event: string }>(
    'SELECT event FROM control.change ORDER BY created_at DESC, id DESC LIMIT 1',
  );
  return rows[0]?.event;
}

type Item = { readonly id: string; readonly version: number };
const item = (payload: Payload, name: string): Item => payload[name] as Item;

/** The newest one of a list. */
async function newest(field: string): Promise<Item> {
  const { data } = await house.ask<Record<string, { edges: { node: Item }[] }>>(
    `{ ${field}(first: 1) { edges { node { id version } } } }`,
    {},
    own.owner,
  );
  const node = data[field]?.edges[0]?.node;
  if (node === undefined) throw new Error(`${field} is empty`);
  return node;
}

describe('a change whose repetition does harm', () => {
  it('G8: is refused without an idempotency key, whichever of them it is, and needs none for a dry run', async () => {
    const types = new Map(mutationsOf(house.api.schema).map(({ name, type }) => [name, type]));
    for (const name of keyRequired) {
      const type = types.get(name);
      const input = type ? inputOf(type, own.tenantId) : {};
      const [refused] = (await change(house, name, input, '__typename', own.owner, '')).userErrors;
      expect([name, refused?.code]).toEqual([name, 'IDEMPOTENCY_REQUIRED']);
    }
    const dry = await change(house, 'armBreakGlass', { dryRun: true }, '__typename', own.owner, '');
    expect(dry.userErrors).toEqual([]);
  });
});

describe('a refused change', () => {
  it('G9, G11: shows in a conflict no value of a secret', async () => {
    const secret = 'sk-the-first-secret';
    const made = await done(
      house,
      'createProviderCredential',
      { name: 'conflicting', provider: 'openai', secret },
      'providerCredential { id version }',
      own.owner,
    );
    const { id, version } = made['providerCredential'] as { id: string; version: number };
    const rotate = (value: string) =>
      change(
        house,
        'rotateProviderCredential',
        { id, expectedVersion: version, secret: value },
        'providerCredential { version }',
        own.owner,
      );
    expect((await rotate('sk-the-second-secret')).userErrors).toEqual([]);
    const [refused] = (await rotate('sk-the-third-secret')).userErrors;
    expect([refused?.code, refused?.differences]).toEqual(['CONFLICT', []]);
  });

  it('names where its proof is, and whoever may read evidence finds it there', async () => {
    const made = await change(house, 'createApp', { name: 'proved', roles: [] }, 'app { id }', own.owner);
    const path = new URL(made.auditRecord?.proofUrl ?? '').pathname;
    const ask = (token: string) => fetch(`${house.api.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const proof = (await (await ask(own.owner)).json()) as { recordId: string; leaf: string };
    expect([proof.recordId, proof.leaf.split('.').length]).toEqual([made.auditRecord?.id, 3]);
    expect((await ask(other.owner)).status).toBe(404);
    const random = `/proofs/rec_${'a'.repeat(26)}`;
    expect((await fetch(`${house.api.url}${random}`)).status).toBe(401);
  });
});

describe('an endpoint', () => {
  it('is changed in what is given, published, recorded, and refused where it points inside', async () => {
    const input = {
      name: 'first',
      provider: 'openai',
      baseUrl: `${house.issuer.url}/v1`,
      region: 'eu-central-1',
      residency: 'EU',
      models: ['m'],
    };
    const made = item(await done(house, 'registerEndpoint', input, 'endpoint { id version }', own.owner), 'endpoint');
    const update = (more: object) =>
      change(
        house,
        'updateEndpoint',
        { id: made.id, expectedVersion: made.version, ...more },
        'endpoint { version region models baseUrl }',
        own.owner,
      );
    const dry = await update({ region: 'eu-west-1', dryRun: true });
    expect(dry['endpoint']).toMatchObject({ region: 'eu-west-1', models: ['m'] });
    expect((await update({ baseUrl: 'http://169.254.169.254/' })).userErrors[0]?.code).toBe('FORBIDDEN_TARGET');
    expect((await update({ models: [] })).userErrors[0]?.field).toEqual(['models']);
    expect((await update({ credentialIds: [own.tenantId] })).userErrors[0]?.code).toBe('NOT_FOUND');
    expect((await update({ region: 'eu-west-1', models: ['m', 'n'] })).userErrors).toEqual([]);
    expect((await published()).endpoints).toMatchObject([{ id: 'first', region: 'eu-west-1', models: ['m', 'n'] }]);
    expect(await lastEvent()).toBe('admin.endpoint-updated');
    const [stale] = (await update({ region: 'eu-north-1' })).userErrors;
    expect([stale?.code, stale?.differences]).toEqual([
      'CONFLICT',
      [{ field: 'region', stands: 'eu-west-1', sent: 'eu-north-1' }],
    ]);
  });

  it('that is retired is changed no more', async () => {
    const { id, version } = await newest('endpoints');
    await done(
      house,
      'retireEndpoint',
      { id, expectedVersion: version, reason: 'moved away' },
      'endpoint { id }',
      own.owner,
    );
    const input = { id, expectedVersion: version + 1, region: 'eu' };
    const refused = await change(house, 'updateEndpoint', input, 'endpoint { id }', own.owner);
    expect(refused.userErrors[0]?.code).toBe('WRONG_STATE');
  });
});

describe('a budget, a limit rule and an alias', () => {
  it.each([
    ['Budget', 'createBudget', { name: 'ended', limitMicros: '5' }, 'budgets', 'admin.budget-removed'],
    ['LimitRule', 'createLimitRule', { name: 'ended', requestsPerMinute: 5 }, 'limits', 'admin.limit-rule-removed'],
    [
      'Alias',
      'setAlias',
      { name: 'ended', candidates: [{ endpoint: 'second', model: 'm' }] },
      'aliases',
      'admin.alias-removed',
    ],
  ] as const)('end when they are removed: %s', async (kind, making, input, list, event) => {
    const name = `${kind[0]?.toLowerCase()}${kind.slice(1)}`;
    if (kind === 'Alias') {
      const endpoint = {
        name: 'second',
        provider: 'openai',
        baseUrl: `${house.issuer.url}/v1`,
        region: 'eu',
        residency: 'EU',
        models: ['m'],
      };
      await done(house, 'registerEndpoint', endpoint, 'endpoint { id }', own.owner);
    }
    const made = item(await done(house, making, input, `${name} { id version }`, own.owner), name);
    expect((await published())[list]).toHaveLength(1);
    const remove = (more: object) =>
      change(
        house,
        `remove${kind}`,
        { id: made.id, expectedVersion: made.version, reason: 'not needed', ...more },
        `${name} { id }`,
        own.owner,
      );
    expect((await remove({ expectedVersion: 9 })).userErrors[0]).toMatchObject({
      code: 'CONFLICT',
      currentVersion: made.version,
    });
    expect((await remove({ dryRun: true })).userErrors).toEqual([]);
    expect((await published())[list]).toHaveLength(1);
    const removed = await remove({});
    expect([removed.userErrors, removed.auditRecord?.id]).toEqual([[], expect.stringMatching(/^rec_/)]);
    expect((await published())[list]).toEqual([]);
    expect(await lastEvent()).toBe(event);
    expect((await remove({})).userErrors[0]?.code).toBe('NOT_FOUND');
  });

  it('a limit rule is replaced as a whole, and never by none', async () => {
    const input = { name: 'changed', requestsPerMinute: 5, concurrency: 2 };
    const made = item(await done(house, 'createLimitRule', input, 'limitRule { id version }', own.owner), 'limitRule');
    const update = (more: object) =>
      change(
        house,
        'updateLimitRule',
        { id: made.id, expectedVersion: made.version, ...more },
        'limitRule { requestsPerMinute concurrency }',
        own.owner,
      );
    expect((await update({})).userErrors[0]?.code).toBe('INVALID');
    expect((await update({ requestsPerMinute: 9 }))['limitRule']).toEqual({ requestsPerMinute: 9, concurrency: null });
    expect((await published()).limits).toMatchObject([{ requestsPerMinute: 9 }]);
  });
});

const invite = (more: object, token = own.owner) =>
  change(
    house,
    'inviteMember',
    { identityProviderId: own.providerId, ...more },
    'member { subject email roles active }',
    token,
  );

describe('an invitation', () => {
  it('names a person before they come, once, and needs nobody else where it grants nothing', async () => {
    const invited = await invite({ subject: 'new-nurse', email: 'nurse@own.example' });
    expect(invited['member']).toEqual({
      subject: 'new-nurse',
      email: 'nurse@own.example',
      roles: [],
      active: true,
    });
    expect(await lastEvent()).toBe('admin.member-invited');
    expect((await invite({ subject: 'new-nurse' })).userErrors[0]?.code).toBe('TAKEN');
    expect((await invite({ subject: 'x', roles: ['setup'] })).userErrors[0]?.field).toEqual(['roles']);
  });

  it('G10: that grants a role needs a second person, and cannot be of oneself', async () => {
    const wanted = { subject: 'new-owner', roles: ['owner'] };
    const [asked] = (await invite(wanted)).userErrors;
    expect(asked?.code).toBe('APPROVAL_REQUIRED');
    const { id, version } = await newest('approvals');
    const second = await house.issuer.token({ sub: 'grace-own', org_id: 'own', groups: ['it-admins'] });
    await done(house, 'approveChange', { id, expectedVersion: version }, 'approval { state }', second);
    expect((await invite(wanted))['member']).toMatchObject({ roles: ['owner'] });
    const comes = await house.issuer.token({ sub: 'new-owner', org_id: 'own', groups: [] });
    const seen = await house.ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }', {}, comes);
    expect(seen.data.viewer.roles).toContain('owner');
    // Whoever administers is listed already, so inviting oneself is inviting somebody twice.
    expect((await invite({ subject: 'ada-own', roles: ['owner'] })).userErrors[0]?.code).toBe('TAKEN');
  });
});

describe('the report of a mapping', () => {
  it('counts, after a record of the reading, and knows no provider of another tenant', async () => {
    const query =
      'query ($input: ClaimMappingReportInput!) { claimMappingReport(input: $input) { requests people gained { role people } unknownClaims } }';
    const mappings = [{ claim: 'hd', equals: 'own.example', role: 'owner' }];
    const ask = (id: string) =>
      house.ask<{ claimMappingReport: unknown }>(query, { input: { id, mappings } }, own.owner);
    expect((await ask(own.providerId)).data.claimMappingReport).toEqual({
      requests: 0,
      people: 0,
      gained: [],
      unknownClaims: ['hd'],
    });
    expect((await ask(other.providerId)).data.claimMappingReport).toBeNull();
  });
});

describe('a dry run', () => {
  it('of signUp sends no code and keeps nothing', async () => {
    const email = 'dry@nobody.example';
    const dry = await change(house, 'signUp', { email, dryRun: true }, 'signUpId');
    expect([dry['signUpId'], dry.userErrors, house.code(email)]).toEqual([null, [], '']);
    const wrong = await change(house, 'signUp', { email: 'nobody', dryRun: true }, 'signUpId');
    expect(wrong.userErrors[0]?.code).toBe('INVALID');
    const { rows } = await house.admin.query('SELECT 1 FROM control.sign_up WHERE email = $1', [email]);
    expect(rows).toEqual([]);
  });

  it('of createTenant and completeSetup leaves the setup token as it was', async () => {
    const setup = await setupToken(house, 'ops@dry.example');
    const input = { name: 'dry hospital', region: 'eu-central-1' };
    const dry = await done(house, 'createTenant', { ...input, dryRun: true }, 'tenant { state }', setup);
    expect(dry['tenant']).toEqual({ state: 'PENDING_SETUP' });
    await done(house, 'createTenant', input, 'tenant { state }', setup);
    const again = await done(house, 'completeSetup', { dryRun: true }, 'tenant { state }', own.owner);
    expect(again.auditRecord).toBeNull();
  });
});
