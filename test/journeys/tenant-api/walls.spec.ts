import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { controlDrift } from '@writ/postgres/control';
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { Pool } from 'pg';
import { type House, adminAudience, openHouse } from './house.js';
import { type Federated, type UserError, change, done, federate, setupToken } from './steps.js';

let house: House;
let mine: Federated;
let theirs: Federated;
let theirIds: ReadonlyMap<string, string>;
beforeAll(async () => {
  house = await openHouse();
  mine = await federate(house, 'mine');
  theirs = await federate(house, 'theirs');
  theirIds = await somethingOfEach(theirs.owner);
});
afterAll(() => house?.close());

/** One id of every kind that the other tenant owns. */
async function somethingOfEach(token: string): Promise<ReadonlyMap<string, string>> {
  const made = async (field: string, input: object, name: string): Promise<string> =>
    ((await done(house, field, input, `${name} { id }`, token))[name] as { id: string }).id;
  const endpoint = await made(
    'registerEndpoint',
    {
      name: 'private',
      provider: 'openai',
      baseUrl: `${house.issuer.url}/v1`,
      region: 'eu',
      residency: 'EU',
      models: ['m'],
    },
    'endpoint',
  );
  const validity = { validFrom: '2026-01-01T00:00:00Z', validUntil: '2028-01-01T00:00:00Z' };
  const app = await made('createApp', { name: 'agent', kind: 'agent', roles: [] }, 'app');
  const source = 'apiVersion: policy/v1\nname: a\nrules:\n  - id: all\n    effect: permit\n    reason: All.\n';
  const members = await house.ask<{ members: { edges: { node: { id: string } }[] } }>(
    '{ members(first: 1) { edges { node { id } } } }',
    {},
    token,
  );
  return new Map([
    ['endpoint', endpoint],
    ['app', app],
    ['appKey', await made('createAppKey', { appId: app }, 'appKey')],
    ['baa', await made('attachBaa', { endpointId: endpoint, ...validity }, 'baa')],
    ['endpointSet', await made('createEndpointSet', { name: 'set', endpointIds: [endpoint] }, 'endpointSet')],
    [
      'credential',
      await made(
        'createProviderCredential',
        { name: 'key', provider: 'openai', secret: 'sk-0123456789' },
        'providerCredential',
      ),
    ],
    ['alias', await made('setAlias', { name: 'fast', candidates: [{ endpoint: 'private', model: 'm' }] }, 'alias')],
    ['budget', await made('createBudget', { name: 'all', limitMicros: '1' }, 'budget')],
    ['limitRule', await made('createLimitRule', { name: 'all', requestsPerMinute: 1 }, 'limitRule')],
    ['price', await made('setPrice', { model: 'm', inputMicrosPerMillion: '1', outputMicrosPerMillion: '1' }, 'price')],
    ['policy', await made('draftPolicy', { source }, 'policy')],
    ['domain', await made('createDomain', { name: 'theirs.example' }, 'domain')],
    [
      'export',
      await made(
        'requestExport',
        { purpose: 'audit', from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' },
        'export',
      ),
    ],
    ['member', members.data.members.edges[0]?.node.id ?? ''],
    ['provider', theirs.providerId],
    ['tenant', theirs.tenantId],
  ]);
}

/** A value that the schema accepts, with `id` wherever an id is asked for. */
function valueOf(type: GraphQLInputType, id: string, key: string): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, id, key);
  if (isListType(type)) return [valueOf(type.ofType, id, key)];
  if (isInputObjectType(type)) return inputOf(type, id);
  switch (getNamedType(type).name) {
    case 'ID':
      return id;
    case 'Int':
      return 1;
    case 'Boolean':
      return false;
    case 'Micros':
      return '1';
    case 'DateTime':
      return key === 'to' || key === 'validUntil' || key === 'expiresAt'
        ? '2027-03-01T00:00:00Z'
        : '2026-03-01T00:00:00Z';
    default:
      return key === 'token' ? 'x.y.z' : 'text-of-8';
  }
}

function inputOf(type: GraphQLInputObjectType, id: string): Record<string, unknown> {
  const fields = Object.values(type.getFields()).filter(
    (field) => isNonNullType(field.type) && field.defaultValue === undefined,
  );
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type, id, field.name)]));
}

function mutationsWithIds(schema: GraphQLSchema): readonly { name: string; type: GraphQLInputObjectType }[] {
  return Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ name, args }) => {
    const type = args[0] && getNamedType(args[0].type);
    return isInputObjectType(type) &&
      Object.values(type.getFields()).some((field) => getNamedType(field.type).name === 'ID')
      ? [{ name, type }]
      : [];
  });
}

describe('an id of another tenant', () => {
  it('is as unknown as a random one to every mutation of the schema', async () => {
    const mutations = mutationsWithIds(house.api.schema);
    expect(mutations.length).toBeGreaterThan(15);
    const before = await contentOf();
    for (const { name, type } of mutations.filter((mutation) => mutation.name !== 'verifyEmail')) {
      for (const id of theirIds.values()) {
        const answer = async (wanted: string) => {
          const query = `mutation ($input: ${type.name}!) { ${name}(input: $input) { userErrors { field code message } } }`;
          const { data, errors } = await house.ask<Record<string, { userErrors: UserError[] }>>(
            query,
            { input: inputOf(type, wanted) },
            mine.owner,
          );
          expect(errors).toBeUndefined();
          return data[name]?.userErrors;
        };
        const random = `${id.slice(0, id.indexOf('_') + 1)}${'a'.repeat(26)}`;
        const refused = await answer(id);
        expect([name, refused?.length]).toEqual([name, 1]);
        expect([name, refused]).toEqual([name, await answer(random)]);
      }
    }
    expect(await contentOf()).toEqual(before);
  });

  it('is null for node, and no cursor', async () => {
    for (const id of theirIds.values()) {
      const seen = await house.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id }, mine.owner);
      expect([id, seen.data.node]).toEqual([id, null]);
    }
    const own = await house.ask<{ node: { id: string } }>(
      'query ($id: ID!) { node(id: $id) { id } }',
      { id: mine.providerId },
      mine.owner,
    );
    expect(own.data.node.id).toBe(mine.providerId);
  });
});

/** Everything the other tenant has, except what reading it again would change. */
async function contentOf(): Promise<unknown> {
  const tables = [
    'endpoint',
    'app',
    'app_key',
    'assurance',
    'endpoint_set',
    'provider_credential',
    'alias',
    'budget',
    'policy_version',
    'domain',
    'identity_provider',
    'member',
  ];
  const rows = await Promise.all(
    tables.map((table) =>
      house.admin.query(
        `SELECT t.* FROM control.${table} t JOIN control.tenant o ON o.id = t.tenant_id WHERE o.name = 'theirs hospital' ORDER BY t.id`,
      ),
    ),
  );
  return rows.map((result) => JSON.stringify(result.rows));
}

describe('the control schema', () => {
  it('shows no row of any tenant to a statement that forgot the tenant', async () => {
    const { rows } = await house.admin.query<{ relname: string; forced: boolean }>(
      `SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
       WHERE c.relnamespace = 'control'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    );
    const open = rows.filter(({ forced }) => !forced).map(({ relname }) => relname);
    // Rows of the platform: asked before a tenant is known, and only through functions or by sign-up id.
    expect(open).toEqual(['connection_key', 'sign_up']);
    const login = new Pool({ connectionString: house.databaseUrl, max: 1 });
    try {
      for (const { relname } of rows.filter(({ forced }) => forced)) {
        const seen = await login.query<{ n: number }>(`SELECT count(*)::int AS n FROM control."${relname}"`).then(
          ({ rows: [row] }) => row?.n,
          () => 'refused',
        );
        expect([relname, [0, 'refused']]).toEqual([relname, expect.arrayContaining([seen])]);
      }
      await expect(login.query('SELECT 1 FROM control.connection_key')).rejects.toThrow(/permission denied/);
      await expect(login.query(`UPDATE control.change SET event = 'x'`)).rejects.toThrow(/permission denied/);
    } finally {
      await login.end();
    }
  });

  it('is exactly what the entities say', async () => {
    const drift = await controlDrift({ url: house.databaseUrl });
    expect(drift.filter((statement) => /ADD|DROP COLUMN|ALTER COLUMN|CREATE TABLE/.test(statement))).toEqual([]);
  });

  it('never changes a published policy', async () => {
    const { rows } = await house.admin.query<{ id: string }>(
      `UPDATE control.policy_version SET state = 'superseded' RETURNING id`,
    );
    expect(rows.length).toBeGreaterThan(0);
    await expect(house.admin.query(`UPDATE control.policy_version SET source = 'other'`)).rejects.toThrow(
      /never changes/,
    );
  });
});

const register = async (token: string, more: object): Promise<readonly UserError[]> =>
  (
    await change(
      house,
      'createIdentityProvider',
      { name: 'another', issuer: house.issuer.url, audiences: [adminAudience], ...more },
      'identityProvider { id }',
      token,
    )
  ).userErrors;

const bound = (value: string) => ({ boundClaims: [{ name: 'org_id', value }] });

const test = (token: string) =>
  change(
    house,
    'testIdentityProvider',
    { id: mine.providerId, token },
    'passed explanation { label outcome because children { label outcome because } }',
    mine.owner,
  );

describe('a connection', () => {
  it('that overlaps with another tenant on a shared issuer is refused', async () => {
    expect((await register(mine.owner, bound('theirs')))[0]?.code).toBe('TAKEN');
    expect((await register(mine.owner, {}))[0]?.code).toBe('TAKEN');
    expect((await register(mine.owner, { boundClaims: [{ name: 'hd', value: 'mine.example' }] }))[0]?.code).toBe(
      'TAKEN',
    );
    expect(await register(mine.owner, bound('mine-too'))).toEqual([]);
  });

  it('that was never proved by a real token keeps nobody out', async () => {
    const squatter = await setupToken(house, 'ops@squatter.example');
    await done(house, 'createTenant', { name: 'squatter', region: 'eu' }, 'tenant { id }', squatter);
    expect(await register(squatter, bound('rightful'))).toEqual([]);
    expect(await federate(house, 'rightful')).toBeDefined();
    const late = await setupToken(house, 'ops@late.example');
    await done(house, 'createTenant', { name: 'late', region: 'eu' }, 'tenant { id }', late);
    expect((await register(late, bound('rightful')))[0]?.code).toBe('TAKEN');
  });

  it.each([
    'http://127.0.0.1',
    'https://[::1]',
    'https://0.0.0.0',
    'https://2130706433',
    'https://0x7f.1',
    'https://169.254.169.254',
    'https://[fd00:ec2::254]',
    'https://metadata.google.internal',
    'https://[::ffff:127.0.0.1]',
    'https://[64:ff9b::7f00:1]',
    'https://api.openai.com@evil.example',
    'https://аpi.openai.com',
    'https://localhost',
    'file:///etc/passwd',
    'not a url',
  ])('and an endpoint at %s are refused when they are written', async (url) => {
    expect((await register(mine.owner, { issuer: url }))[0]?.code).toBe('FORBIDDEN_TARGET');
    const endpoint = { name: 'inside', provider: 'openai', baseUrl: url, region: 'eu', residency: 'EU', models: ['m'] };
    const refused = await change(house, 'registerEndpoint', endpoint, 'endpoint { id }', mine.owner);
    expect(refused.userErrors[0]?.code).toBe('FORBIDDEN_TARGET');
  });

  it('is not taken from a discovery document that points inside, or elsewhere unconfirmed', async () => {
    const setup = await setupToken(house, 'ops@discovery.example');
    await done(house, 'createTenant', { name: 'discovery', region: 'eu' }, 'tenant { id }', setup);
    house.issuer.answer({ jwks_uri: 'http://169.254.169.254/latest/meta-data' });
    const inside = await register(setup, { boundClaims: [{ name: 'org_id', value: 'd1' }] });
    house.issuer.answer({ jwks_uri: `http://localhost:${new URL(house.issuer.url).port}/jwks` });
    const otherOrigin = await register(setup, { boundClaims: [{ name: 'org_id', value: 'd2' }] });
    house.issuer.answer({ issuer: 'https://login.example' });
    const otherIssuer = await register(setup, { boundClaims: [{ name: 'org_id', value: 'd3' }] });
    house.issuer.answer({ id_token_signing_alg_values_supported: ['HS256', 'none'] });
    const weak = await register(setup, { boundClaims: [{ name: 'org_id', value: 'd4' }] });
    house.issuer.answer({});
    expect([inside[0]?.code, otherOrigin[0]?.code, otherIssuer[0]?.code, weak[0]?.code]).toEqual([
      'FORBIDDEN_TARGET',
      'FORBIDDEN_TARGET',
      'UNAVAILABLE',
      'INVALID',
    ]);
  });

  it('is tested thirty times in ten minutes and no more, and the answer echoes nothing of the target', async () => {
    const first = await test('not-a-token');
    expect(first['passed']).toBe(false);
    const codes: (string | undefined)[] = [];
    for (let round = 0; round < 31; round++) codes.push((await test('not-a-token')).userErrors[0]?.code);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
  });
});
