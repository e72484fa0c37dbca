import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { controlDrift } from '@writ/postgres/control';
import { getNamedType, isLeafType, isNonNullType } from 'graphql';
import { Pool } from 'pg';
import { idKinds } from '@writ/tenant-api';
import { type House, openHouse } from './house.js';
import { inputOf, inputWithIds, mutationsOf, mutationsWithIds, valueOf } from './inputs.js';
import { somethingOfEach } from './something-of-each.js';
import { type Federated, type UserError, done, federate } from './steps.js';

let house: House;
let mine: Federated;
let theirs: Federated;
let theirIds: ReadonlyMap<string, string>;
beforeAll(async () => {
  house = await openHouse();
  mine = await federate(house, 'mine');
  theirs = await federate(house, 'theirs');
  theirIds = await somethingOfEach(house, theirs);
});
afterAll(() => house?.close());

/** Sign-ups and records belong to no list of a tenant. */
const known = new Set(['SignUp', 'Record']);

describe('an id of another tenant', () => {
  it('X5: is as unknown as a random one to every mutation of the schema', async () => {
    const mutations = mutationsWithIds(house.api.schema);
    expect(mutations.length).toBeGreaterThan(15);
    const before = await contentOf();
    for (const { name, type } of mutations.filter((mutation) => mutation.name !== 'verifyEmail')) {
      for (const id of theirIds.values()) {
        const answer = async (wanted: string) => {
          const key = ` @idempotent(key: "${randomUUID()}")`;
          const query = `mutation ($input: ${type.name}!) { ${name}(input: $input)${key} { userErrors { field code message } } }`;
          const { data, errors } = await house.ask<Record<string, { userErrors: UserError[] }>>(
            query,
            { input: inputWithIds(type, wanted) },
            mine.owner,
          );
          expect(errors).toBeUndefined();
          return data[name]?.userErrors;
        };
        const random = `${id.slice(0, id.indexOf('_') + 1)}${'a'.repeat(26)}`;
        const [refused, unknown] = await Promise.all([answer(id), answer(random)]);
        expect([name, refused?.length]).toEqual([name, 1]);
        expect([name, refused]).toEqual([name, unknown]);
      }
    }
    expect(await contentOf()).toEqual(before);
  }, 180_000);

  it('X5: is of every kind that a mutation or a query can be asked about', () => {
    const covered = new Set([...theirIds.values()].map((id) => id.slice(0, id.indexOf('_'))));
    const left = Object.entries(idKinds).filter(([, prefix]) => !covered.has(prefix));
    expect(left.map(([kind]) => kind).filter((kind) => !known.has(kind))).toEqual([]);
  });

  it('X5: is as unknown as a random one to every query of the schema that takes an id', async () => {
    const queries = Object.values(house.api.schema.getQueryType()?.getFields() ?? {}).filter(({ args }) =>
      args.some(({ type }) => getNamedType(type).name === 'ID'),
    );
    expect(queries.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'decision']));
    for (const { name, args, type } of queries) {
      const given = args.filter((arg) => isNonNullType(arg.type));
      const head = given.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
      const call = given.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
      const query = `query (${head}) { ${name}(${call}) ${isLeafType(getNamedType(type)) ? '' : '{ __typename }'} }`;
      for (const id of theirIds.values()) {
        const ask = async (wanted: string): Promise<string> => {
          const variables = Object.fromEntries(given.map((arg) => [arg.name, valueOf(arg.type, wanted, arg.name)]));
          const { data, errors } = await house.ask(query, variables, mine.owner);
          return JSON.stringify([data, errors?.map(({ extensions }) => extensions.code)]);
        };
        const random = `${id.slice(0, id.indexOf('_') + 1)}${'a'.repeat(26)}`;
        expect([name, await ask(id)]).toEqual([name, await ask(random)]);
      }
    }
  });

  it('X6: in the body acts on nothing when another one stood in the path, and the other way round', async () => {
    const theirExport = theirIds.get('export') ?? '';
    const asked = (path: string, body?: object) =>
      fetch(`${house.api.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${mine.owner}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
    expect((await asked(`/exports/${theirExport}`)).status).toBe(404);
    expect((await asked(`/exports/${theirExport}?id=${mine.tenantId}&tenant=${theirs.tenantId}`)).status).toBe(404);
    expect((await asked(`/graphql?tenant=${theirs.tenantId}`, { query: '{ tenant { id } }' })).status).toBe(200);
    const own = (await (
      await asked(`/graphql?tenantId=${theirs.tenantId}`, { query: '{ tenant { id } }', tenant: theirs.tenantId })
    ).json()) as { data: { tenant: { id: string } } };
    expect(own.data.tenant.id).toBe(mine.tenantId);
  });

  it('X11, X13: of an export or of anything else is refused in the words that a random id gets', async () => {
    const theirExport = theirIds.get('export') ?? '';
    const random = `exp_${'a'.repeat(26)}`;
    const words = async (id: string): Promise<string> => {
      const answer = await fetch(`${house.api.url}/exports/${id}`, {
        headers: { authorization: `Bearer ${mine.owner}` },
      });
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      return `${answer.status} ${error.code} ${error.message} ${[...answer.headers.keys()].toSorted().join()}`;
    };
    expect(await words(theirExport)).toBe(await words(random));
    expect((await fetch(`${house.api.url}/exports/${theirExport}`)).status).toBe(401);
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
    'limit_rule',
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

const isAddress = (name: string): boolean => /(url|uri|issuer|webhook|sink)$/i.test(name);

describe('an address in the input of a mutation', () => {
  const inside = [
    'http://169.254.169.254/latest/meta-data',
    'https://127.0.0.1:1',
    'https://[::1]/',
    'https://10.0.0.1/x',
  ];

  it('S7: that points inside is refused, whichever mutation it is: endpoints, issuers, and whatever else is dialled later', async () => {
    const taking = mutationsOf(house.api.schema).flatMap(({ name, type }) =>
      Object.keys(type.getFields())
        .filter(isAddress)
        .map((field) => ({ name, type, field })),
    );
    expect(taking.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['createIdentityProvider', 'registerEndpoint']),
    );
    for (const { name, type, field } of taking) {
      for (const address of inside) {
        const input = { ...inputOf(type, mine.tenantId), [field]: address };
        const query = `mutation ($input: ${type.name}!) { ${name}(input: $input) { userErrors { field code message } auditRecord { id } } }`;
        const { data } = await house.ask<Record<string, { userErrors: UserError[]; auditRecord: null } | undefined>>(
          query,
          { input },
          mine.owner,
        );
        expect([name, address, data?.[name]?.auditRecord ?? null]).toEqual([name, address, null]);
      }
    }
  });
});

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
