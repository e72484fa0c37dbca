import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unpackImage } from '@writ/policy';
import { type House, adminAudience, openHouse } from './house.js';
import { type Payload, change, done, federate, setupToken } from './steps.js';

const policy = `apiVersion: policy/v1
name: first
classes: [PHI, PII]
rules:
  - id: staff-chat
    effect: permit
    when: subject.kind == "human"
    reason: Staff may chat.
  - id: phi-only-baa
    effect: restrict
    when: class("PHI") >= 0.6
    endpoints: '"HIPAA-BAA" in endpoint.certs'
    reason: PHI goes only to endpoints under an agreement.
`;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.close());

describe('a new customer', () => {
  it('comes from an e-mail address to LIVE over GraphQL alone, and every change left a record', async () => {
    const { owner } = await federate(house, 'north');
    const credential = await done(
      house,
      'createProviderCredential',
      { name: 'openai-main', provider: 'openai', secret: 'sk-test-0123456789abcdef' },
      'providerCredential { id fingerprint lastFour }',
      owner,
    );
    const { id: credentialId, lastFour } = credential['providerCredential'] as { id: string; lastFour: string };
    expect(lastFour).toBe('cdef');
    const registered = await done(
      house,
      'registerEndpoint',
      {
        name: 'openai-eu',
        provider: 'openai',
        baseUrl: `${house.issuer.url}/v1`,
        region: 'eu-central-1',
        residency: 'EU',
        zeroRetention: true,
        models: ['gpt-5.2'],
        credentialIds: [credentialId],
      },
      'endpoint { id name version }',
      owner,
    );
    const endpoint = registered['endpoint'] as { id: string; version: number };
    await done(
      house,
      'attachBaa',
      { endpointId: endpoint.id, validFrom: '2026-01-01T00:00:00Z', validUntil: '2028-01-01T00:00:00Z' },
      'baa { name } endpoint { baas { name validUntil } }',
      owner,
    );
    await done(
      house,
      'createEndpointSet',
      { name: 'hipaa-baa', endpointIds: [endpoint.id] },
      'endpointSet { id }',
      owner,
    );
    await done(
      house,
      'setAlias',
      { name: 'fast', candidates: [{ endpoint: 'openai-eu', model: 'gpt-5.2' }] },
      'alias { id version }',
      owner,
    );
    await done(house, 'createBudget', { name: 'all', limitMicros: '100000000' }, 'budget { limitMicros }', owner);
    await done(
      house,
      'setPrice',
      { model: 'gpt-5.2', inputMicrosPerMillion: '1250000', outputMicrosPerMillion: '10000000' },
      'price { id }',
      owner,
    );
    const drafted = await done(
      house,
      'draftPolicy',
      { source: policy },
      'policy { id hash number version } diagnostics { code }',
      owner,
    );
    const draft = drafted['policy'] as { id: string; hash: string; version: number };
    const wrong = await change(
      house,
      'publishPolicy',
      { id: draft.id, expectedHash: 'sha256:00', expectedVersion: draft.version },
      'policy { id }',
      owner,
    );
    expect(wrong.userErrors[0]?.code).toBe('HASH_MISMATCH');
    const published = await done(
      house,
      'publishPolicy',
      { id: draft.id, expectedHash: draft.hash, expectedVersion: draft.version },
      'policy { state number }',
      owner,
    );
    expect(published['policy']).toMatchObject({ state: 'published', number: 1 });

    const seen = await house.ask<{
      tenant: { id: string; state: string; nextSteps: { name: string }[]; snapshotVersion: number };
    }>('{ tenant { id state snapshotVersion nextSteps { name optional } } }', {}, owner);
    expect(seen.data.tenant.state).toBe('LIVE');
    expect(seen.data.tenant.nextSteps.map(({ name }) => name)).toEqual(['verify-domain', 'arm-break-glass']);

    const snapshots = await house.admin.query<{ version: string; body: string }>(
      'SELECT version, body FROM control.snapshot ORDER BY version DESC LIMIT 1',
    );
    const snapshot = JSON.parse(snapshots.rows[0]?.body ?? '{}') as {
      version: number;
      policy: { hash: string; image: string };
      endpoints: { assurances: { name: string }[] }[];
    };
    expect(snapshot.version).toBe(seen.data.tenant.snapshotVersion);
    expect(snapshot.policy.hash).toBe(draft.hash);
    // What gateways decide by is in the signed snapshot, beside the text.
    const image = unpackImage(Buffer.from(snapshot.policy.image, 'base64'));
    expect(image.ok && image.value.hash).toBe(draft.hash);
    expect(snapshot.endpoints[0]?.assurances.map(({ name }) => name)).toEqual(['HIPAA-BAA', 'set:hipaa-baa']);
    expect(JSON.stringify(snapshot)).not.toContain('sk-test-0123456789abcdef');

    const changes = await house.ask<{ changeLog: { edges: { node: { event: string; recordId: string } }[] } }>(
      '{ changeLog(first: 50) { edges { node { event recordId } } } }',
      {},
      owner,
    );
    const events = changes.data.changeLog.edges.map(({ node }) => node.event).toReversed();
    expect(events).toEqual([
      'admin.tenant-created',
      'admin.identity-provider-created',
      'admin.claim-mappings-set',
      'admin.identity-provider-tested',
      'admin.identity-provider-enabled',
      'admin.setup-completed',
      'admin.provider-credential-created',
      'admin.endpoint-registered',
      'admin.baa-attached',
      'admin.endpoint-set-created',
      'admin.alias-set',
      'admin.budget-created',
      'admin.price-set',
      'admin.policy-drafted',
      'admin.policy-published',
    ]);
  });

  it('is there with an OIDC provider and a federated owner after seven calls of the API', async () => {
    let calls = 0;
    const call = async (field: string, input: object | undefined, selection: string, token?: string) => {
      calls += 1;
      if (input !== undefined) return done(house, field, input, selection, token);
      const answer = await house.ask<Record<string, Payload>>(`mutation { ${field} { ${selection} } }`, {}, token);
      return answer.data[field] as Payload;
    };
    const email = 'ops@seven.example';
    const { signUpId } = await call('signUp', { email }, 'signUpId');
    const { setupToken: setup } = await call('verifyEmail', { signUpId, code: house.code(email) }, 'setupToken');
    const token = String(setup);
    await call('createTenant', { name: 'Seven', region: 'eu-central-1' }, 'tenant { id }', token);
    const provider = {
      name: 'main',
      issuer: house.issuer.url,
      audiences: [adminAudience, 'https://llm.writ.test'],
      boundClaims: [{ name: 'org_id', value: 'seven' }],
      mappings: [{ claim: 'groups', equals: 'it', role: 'owner' }],
    };
    const made = await call('createIdentityProvider', provider, 'identityProvider { id version }', token);
    const { id, version } = made['identityProvider'] as { id: string; version: number };
    const owner = await house.issuer.token({ sub: 'ada', org_id: 'seven', groups: ['it'] });
    expect((await call('testIdentityProvider', { id, token: owner }, 'passed roles', token))['roles']).toEqual([
      'owner',
    ]);
    await call('enableIdentityProvider', { id, expectedVersion: version + 1 }, 'identityProvider { enabled }', token);
    const finished = await call('completeSetup', undefined, 'tenant { state }', owner);
    expect([(finished['tenant'] as { state: string }).state, calls]).toEqual(['FEDERATED', 7]);
  });

  it('is refused with its setup token once a federated owner has taken over', async () => {
    const { setup } = await federate(house, 'south');
    const answer = await house.ask('{ tenant { id } }', {}, setup);
    expect(answer.status).toBe(401);
    expect(answer.errors?.[0]?.extensions.code).toBe('SETUP_ENDED');
  });

  it('goes on with the tenant it began when it proves the same address again', async () => {
    const first = await setupToken(house, 'ops@slow.example');
    const made = await done(house, 'createTenant', { name: 'slow hospital', region: 'eu' }, 'tenant { id }', first);
    const second = await setupToken(house, 'ops@slow.example');
    const seen = await house.ask<{ tenant: { id: string } | null }>('{ tenant { id } }', {}, second);
    expect(seen.data.tenant).toEqual(made['tenant']);
    const again = await change(house, 'createTenant', { name: 'another', region: 'eu' }, 'tenant { id }', second);
    expect(again.userErrors[0]?.code).toBe('TAKEN');
  });

  it('can do nothing but federate with its setup token', async () => {
    const setup = await setupToken(house, 'ops@west.example');
    await done(house, 'createTenant', { name: 'west hospital', region: 'eu-central-1' }, 'tenant { id }', setup);
    const query =
      'mutation { createProviderCredential(input: {name: "a", provider: "openai", secret: "0123456789"}) { userErrors { code } } }';
    const answer = await house.ask(query, {}, setup);
    expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
