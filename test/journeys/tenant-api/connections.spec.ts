import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, adminAudience, openHouse } from './house.js';
import { type Federated, type UserError, change, done, federate, setupToken } from './steps.js';

let house: House;
let mine: Federated;
beforeAll(async () => {
  house = await openHouse();
  mine = await federate(house, 'mine');
  await federate(house, 'theirs');
});
afterAll(() => house?.close());

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
  it('T8: that overlaps with another tenant on a shared issuer is refused', async () => {
    expect((await register(mine.owner, bound('theirs')))[0]?.code).toBe('TAKEN');
    expect((await register(mine.owner, {}))[0]?.code).toBe('TAKEN');
    expect((await register(mine.owner, { boundClaims: [{ name: 'hd', value: 'mine.example' }] }))[0]?.code).toBe(
      'TAKEN',
    );
    expect(await register(mine.owner, bound('mine-too'))).toEqual([]);
  });

  it('G10: that maps everybody to owner needs a second person, and so does a role that somebody grants to themselves', async () => {
    const north = await federate(house, 'north');
    const boundClaims = [{ name: 'org_id', value: 'north-too' }];
    const made = await done(
      house,
      'createIdentityProvider',
      { name: 'second', issuer: house.issuer.url, audiences: [adminAudience], boundClaims, roles: ['owner'] },
      'identityProvider { id version }',
      north.owner,
    );
    const { id, version } = made['identityProvider'] as { id: string; version: number };
    const token = await house.issuer.token({ sub: 'mallory', org_id: 'north-too' });
    await done(house, 'testIdentityProvider', { id, token }, 'passed', north.owner);
    const enabled = await change(
      house,
      'enableIdentityProvider',
      { id, expectedVersion: version + 1 },
      'identityProvider { enabled }',
      north.owner,
    );
    expect(enabled.userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
    const { data } = await house.ask<{ members: { edges: { node: { id: string; version: number } }[] } }>(
      '{ members(first: 1) { edges { node { id version } } } }',
      {},
      north.owner,
    );
    const self = data.members.edges[0]?.node;
    const input = { id: self?.id, expectedVersion: self?.version, roles: ['auditor'] };
    const granted = await change(house, 'setMemberRoles', input, 'member { roles }', north.owner);
    expect(granted.userErrors[0]?.code).toBe('APPROVAL_REQUIRED');
  });

  it('is removed only once disabled, and then gives its issuer free', async () => {
    const { owner, providerId } = await federate(house, 'leaving');
    const remove = (id: string, expectedVersion: number, token: string) =>
      change(
        house,
        'removeIdentityProvider',
        { id, expectedVersion, reason: 'moved' },
        'identityProvider { id }',
        token,
      );
    expect((await remove(providerId, 4, owner)).userErrors[0]?.code).toBe('INVALID');
    const made = await done(
      house,
      'createIdentityProvider',
      { name: 'spare', issuer: house.issuer.url, audiences: [adminAudience], ...bound('spare') },
      'identityProvider { id version }',
      owner,
    );
    const spare = made['identityProvider'] as { id: string; version: number };
    expect((await remove(spare.id, spare.version, owner)).userErrors).toEqual([]);
    const { rows } = await house.admin.query(
      `SELECT 1 FROM control.connection_key WHERE bound = '{"org_id": "spare"}'`,
    );
    expect(rows).toEqual([]);
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

  it('S6: is not taken from a discovery document that points inside, or elsewhere unconfirmed', async () => {
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

  it('G12: is tested thirty times in ten minutes and no more, and the answer echoes nothing of the target', async () => {
    const first = await test('not-a-token');
    expect(first['passed']).toBe(false);
    const codes: (string | undefined)[] = [];
    for (let round = 0; round < 31; round++) codes.push((await test('not-a-token')).userErrors[0]?.code);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
  });
});
