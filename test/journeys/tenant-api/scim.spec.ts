import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { type Federated, change, done, federate } from './steps.js';

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
    const starting = await scim('GET', `/Users?filter=${encodeURIComponent('userName sw "LIN" and active eq true')}`);
    expect(starting.body.totalResults).toBe(1);
    expect((await scim('GET', `/Users?filter=${encodeURIComponent('userName gt "l"')}`)).status).toBe(400);
    expect((await scim('DELETE', `/Users/${found.body.Resources[0]?.id}`)).status).toBe(204);
  });

  it('shows and changes nothing of another tenant', async () => {
    const made = await scim('POST', '/Users', { userName: 'hidden' }, theirToken);
    expect((await scim('GET', `/Users/${made.body.id}`)).status).toBe(404);
    expect((await scim('PATCH', `/Users/${made.body.id}`, withdrawal)).status).toBe(404);
    expect((await scim('GET', '/Users')).body.Resources.map(({ userName }) => userName)).not.toContain('hidden');
  });

  it('announces groups: members come and go by add, remove and replace, as Entra and Okta write them', async () => {
    const people = await Promise.all(['g1', 'g2', 'g3'].map((userName) => scim('POST', '/Users', { userName })));
    const [one, two, three] = people.map(({ body }) => body.id) as [string, string, string];
    const made = await scim('POST', '/Groups', { displayName: 'Doctors', externalId: 'd', members: [{ value: one }] });
    expect(made.status).toBe(201);
    const members = async (...operations: readonly object[]): Promise<readonly string[]> => {
      const patched = await scim('PATCH', `/Groups/${made.body.id}`, { Operations: operations });
      expect(patched.status).toBe(200);
      return (patched.body as unknown as { members: { value: string }[] }).members.map(({ value }) => value);
    };
    expect(await members({ op: 'Add', path: 'members', value: [{ value: two }, { value: three }] })).toEqual(
      [one, two, three].toSorted(),
    );
    expect(await members({ op: 'Remove', path: 'members', value: [{ value: three }] })).toEqual([one, two].toSorted());
    expect(await members({ op: 'remove', path: `members[value eq "${one}"]` })).toEqual([two]);
    expect(await members({ op: 'replace', value: { id: made.body.id, displayName: 'MDs' } })).toEqual([two]);
    expect(await members({ op: 'replace', path: 'members', value: [{ value: three }] })).toEqual([three]);
    expect(await members({ op: 'remove', path: 'members' })).toEqual([]);
    const found = await scim(
      'GET',
      `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "mds"')}`,
    );
    expect([found.body.totalResults, JSON.stringify(found.body).includes('"members"')]).toEqual([1, false]);
    expect((await scim('POST', '/Groups', { displayName: 'MDs' })).status).toBe(409);
    const stranger = { op: 'add', path: 'members', value: [{ value: made.body.id }] };
    expect((await scim('PATCH', `/Groups/${made.body.id}`, { Operations: [stranger] })).status).toBe(400);
    const odd = { op: 'replace', path: 'roles', value: ['owner'] };
    expect((await scim('PATCH', `/Groups/${made.body.id}`, { Operations: [odd] })).status).toBe(400);
    for (const method of ['GET', 'DELETE'])
      expect((await scim(method, `/Groups/${made.body.id}`, undefined, theirToken)).status).toBe(404);
    expect((await scim('DELETE', `/Groups/${made.body.id}`)).status).toBe(204);
    expect((await scim('GET', `/Groups/${made.body.id}`)).status).toBe(404);
  });

  it('gives roles that administer by a group, and takes them with the membership', async () => {
    const grace = await house.issuer.token({ sub: 'sam', org_id: 'mine', groups: [] });
    const user = await scim('POST', '/Users', { userName: 'sam@mine.example', externalId: 'sam' });
    const group = await scim('POST', '/Groups', { displayName: 'Audit', members: [{ value: user.body.id }] });
    const listed = await house.ask<{ directoryGroups: { edges: { node: { id: string; version: number } }[] } }>(
      '{ directoryGroups(first: 1) { edges { node { id version } } } }',
      {},
      mine.owner,
    );
    const node = listed.data.directoryGroups.edges[0]?.node;
    const input = { id: node?.id, expectedVersion: node?.version, roles: ['auditor'] };
    const give = () => change(house, 'setDirectoryGroupRoles', input, 'directoryGroup { roles }', mine.owner);
    expect((await give()).userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
    const second = await house.issuer.token({ sub: 'grace-2', org_id: 'mine', groups: ['it-admins'] });
    const waiting = await house.ask<{ approvals: { edges: { node: { id: string; version: number } }[] } }>(
      '{ approvals(first: 1) { edges { node { id version } } } }',
      {},
      second,
    );
    const approval = waiting.data.approvals.edges[0]?.node;
    const decided = { id: approval?.id, expectedVersion: approval?.version };
    await done(house, 'approveChange', decided, 'approval { state }', second);
    expect((await give()).userErrors).toEqual([]);
    const roles = async () =>
      (await house.ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }', {}, grace)).data.viewer.roles;
    expect(await roles()).toEqual(['auditor']);
    await scim('PATCH', `/Groups/${group.body.id}`, { Operations: [{ op: 'remove', path: 'members' }] });
    expect(await roles()).toEqual([]);
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
