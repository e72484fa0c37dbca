import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { change, done, federate, setupToken } from './steps.js';

let house: House;
let owner: string;
beforeAll(async () => {
  house = await openHouse();
  ({ owner } = await federate(house, 'door'));
});
afterAll(() => house?.close());

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${house.api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const code = async (query: string, token?: string, variables = {}): Promise<string | undefined> =>
  (await house.ask(query, variables, token)).errors?.[0]?.extensions.code;

describe('the door of the tenant API', () => {
  it('G1: shows the cost of a document, and refuses one that costs too much before anything runs', async () => {
    const cheap = await house.ask('{ tenant { id } }', {}, owner);
    expect(cheap.extensions?.cost?.requested).toBe(2);
    const spread = '...a '.repeat(150);
    const answer = await house.ask(
      `{ tenant { ${spread} } } fragment a on Tenant { ${'...b '.repeat(2)} } fragment b on Tenant { id name region state version }`,
      {},
      owner,
    );
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'TOO_COSTLY']);
  });

  it('G4: refuses documents with too many tokens, too many levels, or a fragment cycle', async () => {
    expect(await code(`{ ${'tenant { id } '.repeat(600)} }`, owner)).toBe('TOO_LONG');
    expect(await code(`{ tenant { nextSteps ${'{ name '.repeat(15)}${'}'.repeat(15)} } }`, owner)).toBe('TOO_DEEP');
    expect(await code('{ tenant { ...a } } fragment a on Tenant { ...a }', owner)).toBe('FRAGMENT_CYCLE');
    expect(await code(`{ tenant ${'@skip(if: false) '.repeat(5000)} { id } }`, owner)).toBe('TOO_LONG');
    expect((await post({ query: `{ ${' '.repeat(2 * 1024 * 1024)} }` })).status).toBe(413);
  });

  it('G3: takes one object with one document: no batch, no syntax tree in place of the text', async () => {
    const batch = await post(Array.from({ length: 100 }, () => ({ query: '{ viewer { kind } }' })));
    expect(batch.status).toBe(400);
    const tree = JSON.stringify({ kind: 'Document', definitions: [] });
    expect(await code(tree, owner)).toBe('GRAPHQL_PARSE_FAILED');
    expect((await post('{"query":')).status).toBe(400);
    expect((await post({ query: { kind: 'Document' } })).status).toBe(400);
  });

  it('G6: answers POST with JSON only, and no cookie is a credential', async () => {
    const url = `${house.api.url}/graphql?query=${encodeURIComponent('{ viewer { kind } }')}`;
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405);
    expect((await post({ query: '{ viewer { kind } }' }, { 'content-type': 'text/plain' })).status).toBe(415);
    const cookie = await post({ query: '{ viewer { kind } }' }, { cookie: `authorization=${owner}` });
    expect(cookie.status).toBe(401);
  });

  it('G5: introspects for administrators only, and suggests names to nobody unknown', async () => {
    expect(await code('{ __schema { types { name } } }')).toBe('FORBIDDEN');
    expect(await code('{ __type(name: "Tenant") { name } }')).toBe('FORBIDDEN');
    expect(await code('{ __schema { queryType { name } } }', owner)).toBeUndefined();
    const misspelled = await house.ask('{ tenat { id } }');
    expect(misspelled.errors?.[0]?.message).toBe('Cannot query field "tenat" on type "Query".');
  });

  it('refuses a credential it cannot verify instead of taking the caller for nobody', async () => {
    const elsewhere = await house.issuer.token({ sub: 'eve', org_id: 'nowhere', groups: ['it-admins'] });
    const forAnother = await house.issuer.token({
      sub: 'ada-door',
      org_id: 'door',
      groups: ['it-admins'],
      aud: 'https://llm.writ.test',
    });
    for (const token of [
      'garbage',
      `${owner}x`,
      elsewhere,
      forAnother,
      'writ_0123456789012345678901234567890123456789',
    ]) {
      const answer = await house.ask('mutation { signUp(input: {email: "a@b.example"}) { signUpId } }', {}, token);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });

  it('G7: answers an unknown or malformed id with null or NOT_FOUND, never with a crash', async () => {
    for (const id of [
      '',
      'x',
      'ten_',
      'zzz_aaaaaaaaaaaaaaaaaaaaaaaaaa',
      "ep_'; DROP TABLE",
      'a'.repeat(5000),
      '\u0000',
    ]) {
      const answer = await house.ask<{ node: null }>('query ($id: ID!) { node(id: $id) { id } }', { id }, owner);
      expect([answer.status, answer.data?.node]).toEqual([200, null]);
      const refused = await change(house, 'verifyDomain', { id }, 'domain { id }', owner);
      expect(refused.userErrors[0]?.code).toBe('NOT_FOUND');
    }
  });

  it('G2: wants pages of 1 to 100, and nothing that says otherwise', async () => {
    const page = (args: string) => code(`{ members${args} { edges { cursor } } }`, owner);
    for (const args of ['(first: 1000000000)', '(first: -1)', '(first: 0)', '(first: 101)', '(first: 1.5)', ''])
      expect([args, await page(args)]).toEqual([args, expect.stringMatching(/BAD_USER_INPUT|VALIDATION_FAILED/)]);
    expect(await page('(first: 5, last: 5)')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await page('(first: 100)')).toBeUndefined();
    const asked = await house.ask(
      'query ($first: Int!) { members(first: $first) { edges { cursor } } }',
      { first: 1e9 },
      owner,
    );
    expect(asked.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('says which dated schema it speaks, and refuses a client that was written for another', async () => {
    const body = { query: '{ viewer { kind } }' };
    const plain = await post(body);
    expect(plain.headers.get('writ-schema-version')).toBe('2026-11');
    expect((await post(body, { 'writ-schema-version': '2026-11' })).status).toBe(plain.status);
    expect((await post(body, { 'writ-schema-version': '2020-01' })).status).toBe(400);
  });

  it('X7: offers no live stream, which could be filtered in memory alone', () => {
    expect(house.api.schema.getSubscriptionType()).toBeUndefined();
  });

  it('tells nothing of what went wrong inside', async () => {
    const answer = await house.ask(
      'query ($after: String) { decisions(first: 1, after: $after) { edges { cursor } } }',
      {},
      owner,
    );
    expect(answer.errors).toBeUndefined();
    await house.admin.query('ALTER TABLE control.alias RENAME TO alias_away');
    try {
      const broken = await house.ask('{ aliases(first: 1) { edges { cursor } } }', {}, owner);
      expect(broken.errors?.[0]?.extensions.code).toBe('INTERNAL');
      expect(JSON.stringify(broken)).not.toMatch(/alias_away|relation|control\./);
    } finally {
      await house.admin.query('ALTER TABLE control.alias_away RENAME TO alias');
    }
  });
});

describe('signing up', () => {
  it('answers the same for a known and an unknown address, and limits codes', async () => {
    const email = 'again@door.example';
    for (let round = 0; round < 5; round++) await done(house, 'signUp', { email }, 'signUpId');
    const sixth = await change(house, 'signUp', { email }, 'signUpId');
    expect(sixth.userErrors[0]?.code).toBe('RATE_LIMITED');
  });

  it('uses a code up after five wrong guesses, and after one right one', async () => {
    const email = 'guess@door.example';
    const { signUpId } = await done(house, 'signUp', { email }, 'signUpId');
    const right = house.code(email);
    const wrong = right === '00000000' ? '00000001' : '00000000';
    for (let round = 0; round < 5; round++) {
      const answer = await change(house, 'verifyEmail', { signUpId, code: wrong }, 'setupToken');
      expect(answer.userErrors[0]?.code).toBe('CODE_REFUSED');
    }
    const late = await change(house, 'verifyEmail', { signUpId, code: right }, 'setupToken');
    expect(late.userErrors[0]?.code).toBe('CODE_REFUSED');

    const other = 'once@door.example';
    await setupToken(house, other);
    const { rows } = await house.admin.query<{ code_hash: string }>(
      'SELECT code_hash FROM control.sign_up WHERE email = $1',
      [other],
    );
    expect(rows[0]?.code_hash).not.toContain(house.code(other));
  });
});
