import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { type Federated, done, federate } from './steps.js';

let house: House;
let mine: Federated;
let theirs: Federated;
let token: string;
let theirToken: string;

const scimToken = async ({ owner, providerId }: Federated): Promise<string> =>
  String(
    (await done(house, 'rotateScimToken', { identityProviderId: providerId }, 'scimToken scimUrl', owner))['scimToken'],
  );

beforeAll(async () => {
  house = await openHouse();
  mine = await federate(house, 'mine');
  theirs = await federate(house, 'theirs');
  token = await scimToken(mine);
  theirToken = await scimToken(theirs);
});
afterAll(() => house?.close());

interface User {
  readonly id: string;
  readonly userName: string;
  readonly active: boolean;
  readonly totalResults: number;
  readonly Resources: readonly User[];
}

async function scim(
  method: string,
  path: string,
  body?: object,
  credential = token,
): Promise<{ status: number; body: User }> {
  const answer = await fetch(`${house.api.url}/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${credential}`, ...(body && { 'content-type': 'application/scim+json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as User };
}

const withdrawal = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
};

describe('SCIM', () => {
  it('withdraws an administrator at once, whatever the token says, and leaves a record', async () => {
    const admin = await house.issuer.token({ sub: 'grace', org_id: 'mine', groups: ['it-admins'] });
    expect((await house.ask('{ viewer { kind } }', {}, admin)).errors).toBeUndefined();
    const created = await scim('POST', '/Users', { userName: 'grace@mine.example', externalId: 'grace' });
    expect(created.status).toBe(201);
    const patched = await scim('PATCH', `/Users/${created.body.id}`, withdrawal);
    expect([patched.status, patched.body.active]).toEqual([200, false]);
    const refused = await house.ask('{ viewer { kind } }', {}, admin);
    expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    const { data } = await house.ask<{ changeLog: { edges: { node: { event: string } }[] } }>(
      '{ changeLog(first: 2) { edges { node { event } } } }',
      {},
      mine.owner,
    );
    expect(data.changeLog.edges.map(({ node }) => node.event)).toEqual([
      'admin.member-withdrawn',
      'admin.member-announced',
    ]);
  });

  it('finds a user by name, and refuses a second of the same name', async () => {
    await scim('POST', '/Users', { userName: 'linus' });
    const found = await scim('GET', `/Users?filter=${encodeURIComponent('userName eq "linus"')}`);
    expect(found.body.Resources.map(({ userName }) => userName)).toEqual(['linus']);
    expect((await scim('POST', '/Users', { userName: 'linus' })).status).toBe(409);
    expect((await scim('GET', `/Users?filter=${encodeURIComponent('userName sw "l"')}`)).status).toBe(400);
    expect((await scim('DELETE', `/Users/${found.body.Resources[0]?.id}`)).status).toBe(204);
  });

  it('shows and changes nothing of another tenant', async () => {
    const made = await scim('POST', '/Users', { userName: 'hidden' }, theirToken);
    expect((await scim('GET', `/Users/${made.body.id}`)).status).toBe(404);
    expect((await scim('PATCH', `/Users/${made.body.id}`, withdrawal)).status).toBe(404);
    expect((await scim('GET', '/Users')).body.Resources.map(({ userName }) => userName)).not.toContain('hidden');
  });

  it('refuses other credentials, and its token opens nothing else', async () => {
    for (const wrong of [mine.owner, 'scim_', `${token}x`, ''])
      expect((await scim('GET', '/Users', undefined, wrong)).status).toBe(401);
    expect((await house.ask('{ tenant { id } }', {}, token)).status).toBe(401);
    const fresh = await scimToken(mine);
    expect((await scim('GET', '/Users')).status).toBe(401);
    expect((await scim('GET', '/Users', undefined, fresh)).status).toBe(200);
    token = fresh;
  });

  it.each([
    ['no name', {}],
    ['a name that is no text', { userName: 7 }],
    ['a name that is too long', { userName: 'x'.repeat(300) }],
  ])('refuses a user with %s', async (_, body) => {
    expect((await scim('POST', '/Users', body)).status).toBe(400);
  });

  it('refuses a change of anything else, and an id that is none', async () => {
    const { body } = await scim('POST', '/Users', { userName: 'ken' });
    const patch = (operation: object) => scim('PATCH', `/Users/${body.id}`, { Operations: [operation] });
    expect((await patch({ op: 'remove', path: 'active' })).status).toBe(400);
    expect((await patch({ op: 'replace', path: 'active', value: 'perhaps' })).status).toBe(400);
    expect((await patch({ op: 'replace', path: 'roles', value: ['owner'] })).body.active).toBe(true);
    expect((await scim('PATCH', '/Users/x', withdrawal)).status).toBe(404);
  });
});
