import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { control, recordedDecision } from '@writ/local';
import { fromAnyId } from '@writ/tenant-api';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { eventually } from '../contract/eventually.js';
import { asProxyHeader, certificateAuthority, leaf, pemOf } from './certificates.js';
import { type IdentityHouse, bearer, openIdentityHouse, publicUrl } from './identity-house.js';
import { leave } from './leaving.js';
import { proofOf, testIssuer } from './test-issuer.js';

let house: IdentityHouse;
beforeAll(async () => {
  house = await openIdentityHouse();
}, 120_000);
afterAll(() => house?.close(), 60_000);

const patch = (...Operations: readonly object[]) => ({ Operations });

describe('people whom the directory knows', () => {
  it('get roles by their groups, and lose them at every gateway within two seconds of leaving one', async () => {
    const nora = bearer(await house.personToken('nora'));
    expect(await house.chat(nora)).toMatchObject({ status: 403, code: 'policy-denied' });
    const user = await house.scim<{ id: string }>('POST', '/Users', {
      userName: 'nora@mercy.example',
      externalId: 'nora',
    });
    const group = await house.scim<{ id: string }>('POST', '/Groups', {
      displayName: 'AI users',
      members: [{ value: user.id }],
    });
    const shown = await house.tenant.client.run<{
      directoryGroups: { edges: { node: { id: string; version: number; members: number } }[] };
    }>('{ directoryGroups(first: 10) { edges { node { id version members } } } }');
    const [row] = shown.directoryGroups.edges;
    expect(row?.node.members).toBe(1);
    await house.tenant.client.mutate(
      'setDirectoryGroupRoles',
      { id: row?.node.id, expectedVersion: row?.node.version, roles: ['caller'] },
      'directoryGroup { roles }',
    );
    await house.within2s(nora, 200);
    await house.scim('PATCH', `/Groups/${group.id}`, patch({ op: 'remove', path: `members[value eq "${user.id}"]` }));
    await house.within2s(nora, 403);
    await house.scim(
      'PATCH',
      `/Groups/${group.id}`,
      patch({ op: 'Add', path: 'members', value: [{ value: user.id }] }),
    );
    await house.within2s(nora, 200);
    await house.scim('DELETE', `/Groups/${group.id}`);
    await house.within2s(nora, 403);
  });

  it('W3: are refused at every gateway within two seconds of their withdrawal, and the deny is recorded', async () => {
    const anton = bearer(await house.personToken('anton', { groups: ['analysts'] }));
    const user = await house.scim<{ id: string }>('POST', '/Users', {
      userName: 'anton@mercy.example',
      externalId: 'anton',
    });
    await house.scim('PATCH', `/Users/${user.id}`, patch({ op: 'Replace', path: 'active', value: 'False' }));
    await eventually(async () => expect((await house.chat(anton)).code).toBe('subject-withdrawn'), 2_000);
    const refused = await house.chat(anton);
    expect(refused).toMatchObject({ status: 403, code: 'subject-withdrawn' });
    const decision = await recordedDecision(house.tenant.client, refused.decision ?? '');
    expect(decision).toMatchObject({ effect: 'deny' });
    expect((await fetch(`${house.stack.urls.gateway}/v1/models`, { headers: anton })).status).toBe(403);
    await house.scim('PATCH', `/Users/${user.id}`, patch({ op: 'replace', value: { active: true } }));
    await eventually(async () => expect((await house.chat(anton)).code).toBe('policy-denied'), 2_000);
    await house.scim('DELETE', `/Users/${user.id}`);
    await eventually(async () => expect((await house.chat(anton)).code).toBe('subject-withdrawn'), 2_000);
  });

  it('T25: act through agents only while both stand, and both are recorded', async () => {
    const act = { sub: 'agent-7' };
    await house.map([
      { claim: 'groups', equals: 'admins', role: 'owner' },
      { claim: 'department', equals: 'cardiology', role: 'caller' },
    ]);
    const person = await house.personToken('nora');
    await house.within2s(bearer(person), 200);
    const agent = await house.personToken('nora', { act });
    const refused = await house.chat(bearer(agent));
    expect(refused).toMatchObject({ status: 403, code: 'policy-denied' });
    const allowed = await house.personToken('nora', { act: { ...act, department: 'cardiology' } });
    expect((await house.chat(bearer(allowed))).status).toBe(200);
    let deep: object = { sub: 'a0' };
    for (let level = 1; level < 5; level += 1) deep = { sub: `a${level}`, act: deep };
    expect(await house.chat(bearer(await house.personToken('nora', { act: deep })))).toMatchObject({ status: 401 });
  });
});

describe('workloads', () => {
  it('T24: of a Kubernetes cluster are one service account, by the keys that were uploaded and no others', async () => {
    const name = 'https://kubernetes.default.svc';
    const cluster = await testIssuer(house.stack.audiences.gateway, name);
    const other = await testIssuer(house.stack.audiences.gateway, name);
    const sub = 'system:serviceaccount:billing:invoicer';
    const wide = { name: 'k8s-wide', kind: 'workload', issuer: name, jwks: cluster.jwks, subjectKind: 'workload' };
    await expect(
      house.tenant.client.mutate(
        'createIdentityProvider',
        { ...wide, audiences: [house.stack.audiences.gateway], boundClaims: [{ name: 'sub', value: 'system:*' }] },
        'identityProvider { id }',
      ),
    ).rejects.toThrow('wildcard');
    const claims = { sub, 'kubernetes.io': { namespace: 'billing' } };
    await house.trust(
      { ...wide, name: 'k8s', boundClaims: [{ name: 'sub', value: sub }] },
      await cluster.token(claims, '50m'),
    );
    await house.within2s(bearer(await cluster.token(claims)), 200);
    expect((await house.chat(bearer(await other.token(claims)))).status).toBe(401);
    expect((await house.chat(bearer(await cluster.token({ sub: 'system:serviceaccount:other:x' })))).status).toBe(401);
  });

  it('T24: of GitHub are one repository in one environment, never a fork or a pull request', async () => {
    const issuer = 'https://token.actions.githubusercontent.com';
    const github = await testIssuer(house.stack.audiences.gateway, issuer);
    const boundClaims = [
      { name: 'repository_id', value: '74' },
      { name: 'environment', value: 'production' },
    ];
    const run = { sub: 'repo:mercy/app:environment:production', repository_id: '74', environment: 'production' };
    await house.trust(
      { name: 'github', kind: 'workload', issuer, jwks: github.jwks, boundClaims },
      await github.token(run),
    );
    await house.within2s(bearer(await github.token(run)), 200);
    const fork = { ...run, repository_id: '75' };
    const pull = { sub: 'repo:mercy/app:pull_request', repository_id: '74' };
    expect((await house.chat(bearer(await github.token(fork)))).status).toBe(401);
    expect((await house.chat(bearer(await github.token(pull)))).status).toBe(401);
  });

  it('show a SPIFFE JWT-SVID, whose issuer is the trust domain of its subject', async () => {
    const domain = await testIssuer(house.stack.audiences.gateway);
    const sub = 'spiffe://mercy.example/batch';
    await house.trust(
      {
        name: 'spiffe',
        kind: 'workload',
        issuer: 'spiffe://mercy.example',
        jwks: domain.jwks,
        boundClaims: [{ name: 'sub', value: sub }],
      },
      await domain.token({ sub }),
    );
    await house.within2s(bearer(await domain.token({ sub })), 200);
    expect((await house.chat(bearer(await domain.token({ sub: 'spiffe://mercy.example/web' })))).status).toBe(401);
  });

  it('T14, T15: with DPoP are refused a second use of a proof, another address and a bare bearer', async () => {
    const issuer = 'https://dpop.mercy.example';
    const at = await testIssuer(house.stack.audiences.gateway, issuer);
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const sub = 'agent-dpop';
    const token = await at.token({ sub, cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const boundClaims = [{ name: 'sub', value: sub }];
    await house.trust(
      { name: 'dpop', kind: 'workload', issuer, jwks: at.jwks, boundClaims, confirmation: 'dpop' },
      token,
    );
    const proof = (more: object = {}) =>
      proofOf(privateKey, jwk, token, { htu: `${publicUrl}/v1/chat/completions`, ...more });
    const send = (dpop: string) => house.chat({ authorization: `DPoP ${token}`, dpop });
    await eventually(async () => expect((await send(await proof())).status).toBe(200), 2_000);
    const once = await proof();
    expect((await send(once)).status).toBe(200);
    expect((await send(once)).status).toBe(401);
    expect((await send(await proof({ htu: 'https://elsewhere.example/v1/chat/completions' }))).status).toBe(401);
    expect((await send(await proof({ ath: 'x' }))).status).toBe(401);
    expect((await house.chat(bearer(token))).status).toBe(401);
  });
});

describe('opaque tokens', () => {
  it('T21: are read by introspection at their issuer, behind the id of their connection', async () => {
    const client = { id: 'workload-billing', secret: 'billing-secret' };
    const login = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    const answer = await fetch(`${house.stack.urls.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${login}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token: opaque } = (await answer.json()) as { access_token: string };
    expect(opaque).not.toContain('.');
    const id = await house.trust(
      {
        name: 'opaque',
        audiences: ['https://opaque.mercy.example'],
        kind: 'introspection',
        issuer: house.stack.urls.issuer,
        clientId: client.id,
        clientSecret: client.secret,
        boundClaims: [{ name: 'client_id', value: client.id }],
      },
      opaque,
    );
    const parsed = fromAnyId(id);
    const uuid = parsed.ok ? parsed.value.uuid : '';
    await house.within2s(bearer(`${uuid}~${opaque}`), 200);
    expect((await house.chat(bearer(`${uuid}~${opaque}x`))).status).toBe(401);
    const { changeLog } = await house.tenant.client.run<object & { changeLog: unknown }>(
      '{ changeLog(first: 100) { edges { node { event fields } } } }',
    );
    expect(JSON.stringify(changeLog)).not.toContain(client.secret);
  });
});

describe('client certificates', () => {
  it('P1, P6: count under the authority of the tenant, when a listed proxy hands them on', async () => {
    certificateAuthority(house.folder, 'ca');
    certificateAuthority(house.folder, 'impostor');
    const own = leaf(house.folder, 'ca', 'own');
    const foreign = leaf(house.folder, 'impostor', 'foreign');
    const id = await house.trust(
      { name: 'mtls', kind: 'mtls', trustRoots: pemOf(house.folder, 'ca'), audiences: [], roles: [] },
      own.toString(),
    );
    await house.tenant.client.mutate(
      'setClaimMappings',
      { id, expectedVersion: 3, mappings: [{ claim: 'sub', equals: 'spiffe://mercy.example/own', role: 'caller' }] },
      'identityProvider { version }',
    );
    await house.within2s(asProxyHeader(own), 200);
    expect((await house.chat(asProxyHeader(foreign))).status).toBe(401);
    expect(
      (await house.chat({ 'x-forwarded-client-cert': `Cert="${encodeURIComponent(own.toString())}"` })).status,
    ).toBe(401);
    await house.tenant.client.mutate(
      'updateIdentityProvider',
      { id, expectedVersion: 4, revoked: [own.fingerprint256] },
      'identityProvider { version }',
    );
    await house.within2s(asProxyHeader(own), 401);
  });
});

describe('keys of apps', () => {
  it('have limits of their own, are refused within two seconds of revocation, and count as what the app is', async () => {
    const { app } = await house.tenant.client.mutate<{ app: { id: string } }>(
      'createApp',
      { name: 'scribe', kind: 'agent', roles: ['caller'] },
      'app { id }',
    );
    const { appKey, secret } = await house.tenant.client.mutate<{
      appKey: { id: string; version: number };
      secret: string;
    }>('createAppKey', { appId: app.id }, 'appKey { id version } secret');
    await house.within2s(bearer(secret), 200);
    await house.tenant.client.mutate(
      'createLimitRule',
      { name: 'scribe', scope: 'app', match: 'scribe', requestsPerMinute: 1 },
      'limitRule { id }',
    );
    await eventually(async () => expect(await house.chat(bearer(secret))).toMatchObject({ status: 429 }), 2_000);
    const other = await house.personToken('nora');
    expect((await house.chat(bearer(other))).status).toBe(200);
    await house.tenant.client.mutate(
      'revokeAppKey',
      { id: appKey.id, expectedVersion: appKey.version, reason: 'rotated' },
      'appKey { id }',
    );
    await eventually(async () => expect((await house.chat(bearer(secret))).status).toBe(401), 2_000);
  });
});

describe('a request that goes on to a provider', () => {
  it('X8, S5: is sent anew each time, to the host of its endpoint, with no header of the caller', async () => {
    const nora = bearer(await house.personToken('nora'));
    await house.within2s(nora, 200);
    const arrived = () => control<{ requests: { headers: Record<string, string> }[] }>(house.stack, 'requests');
    const before = (await arrived()).requests.length;
    const odd = {
      'x-forwarded-host': 'evil.example',
      'metadata-flavor': 'Google',
      'x-aws-ec2-metadata-token': 'x',
      forward_headers: 'host',
      'x-api-base': 'http://evil.example',
    };
    for (let times = 0; times < 2; times += 1) expect((await house.chat({ ...nora, ...odd })).status).toBe(200);
    const { requests } = await arrived();
    const sent = requests.slice(before);
    expect(sent).toHaveLength(2);
    for (const { headers } of sent) {
      expect(headers['host']).toBe(new URL(house.stack.urls.models).host);
      expect(Object.keys(headers).filter((name) => name in odd)).toEqual([]);
      expect(headers['authorization']).not.toBe(nora['authorization']);
    }
  });
});

describe('a tenant that leaves', () => {
  it(
    'X14: is refused everywhere within two seconds, its keys are destroyed, and a signed certificate says what was',
    () => leave(house),
    30_000,
  );
});
