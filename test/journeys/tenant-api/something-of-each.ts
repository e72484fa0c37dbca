import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { House } from './house.js';
import { type Federated, change, done } from './steps.js';

/** One id of every kind that the other tenant owns. */
export async function somethingOfEach(house: House, theirs: Federated): Promise<ReadonlyMap<string, string>> {
  const token = theirs.owner;
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
  const hold = await made('placeLegalHold', { matter: 'docket 1' }, 'hold');
  // A hold is released by two people: the first asks, and so there is an approval.
  await change(house, 'releaseLegalHold', { id: hold, reason: 'settled' }, 'hold { id }', token);
  await oneGroup(house, theirs);
  return new Map([
    ['endpoint', endpoint],
    ['hold', hold],
    ['approval', await firstOf(house, 'approvals', token)],
    ['directoryGroup', await firstOf(house, 'directoryGroups', token)],
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
    ['sink', await made('createWebhook', { name: 'hooks', url: `${house.issuer.url}/hook` }, 'sink')],
    ['termUpload', await made('startTermUpload', { class: 'INTERNAL', expected: 1 }, 'upload')],
    ['review', await oneReview(house, token)],
    ['job', await firstOf(house, 'jobs', token)],
    ['change', await firstOf(house, 'changeLog', token)],
    ['provider', theirs.providerId],
    ['tenant', theirs.tenantId],
  ]);
}

async function firstOf(house: House, field: string, token: string): Promise<string> {
  const { data } = await house.ask<Record<string, { edges: { node: { id: string } }[] }>>(
    `{ ${field}(first: 1) { edges { node { id } } } }`,
    {},
    token,
  );
  const id = data[field]?.edges[0]?.node.id;
  if (id === undefined) throw new Error(`${field} is empty`);
  return id;
}

/** A gateway asks for reviews, not the API: this one is asked for by the function that gateways call. */
async function oneReview(house: House, token: string): Promise<string> {
  const { rows } = await house.admin.query<{ id: string }>(
    `SELECT id FROM control.tenant WHERE name = 'theirs hospital'`,
  );
  const client = await house.admin.connect();
  await client.query(`SELECT set_config('app.tenant', $1, false)`, [rows[0]?.id]);
  await client.query(`SELECT control.ask_review($1, $2, $3, '{}', 't', 'sealed', '{"PHI":0}', false, false, 600000)`, [
    rows[0]?.id,
    randomUUID(),
    randomUUID(),
  ]);
  client.release(true);
  return await firstOf(house, 'reviews', token);
}

/** A directory of the tenant makes groups, over SCIM. */
async function oneGroup(house: House, { owner, providerId }: Federated): Promise<void> {
  const { scimToken } = await done(house, 'rotateScimToken', { identityProviderId: providerId }, 'scimToken', owner);
  const made = await fetch(`${house.api.url}/scim/v2/Groups`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(scimToken)}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'Doctors',
    }),
  });
  expect(made.status).toBe(201);
}
