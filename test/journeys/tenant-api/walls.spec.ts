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
import { type House, openHouse } from './house.js';
import { type Federated, type UserError, done, federate } from './steps.js';

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
    expect(open).toEqual(['connection_key', 'sign_up', 'tenant_cell']);
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
      await expect(login.query('SELECT 1 FROM control.tenant_cell')).rejects.toThrow(/permission denied/);
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
    const { rows } = await house.admin.query<{ id: string; hash: string; version: number }>(
      `SELECT v.id, v.hash, v.version FROM control.policy_version v JOIN control.tenant o ON o.id = v.tenant_id WHERE o.name = 'theirs hospital'`,
    );
    const [draft] = rows;
    const publication = {
      id: theirIds.get('policy'),
      expectedHash: draft?.hash ?? '',
      expectedVersion: draft?.version ?? 0,
    };
    await done(house, 'publishPolicy', publication, 'policy { state }', theirs.owner);
    await expect(house.admin.query(`UPDATE control.policy_version SET source = 'other'`)).rejects.toThrow(
      /never changes/,
    );
  });
});
