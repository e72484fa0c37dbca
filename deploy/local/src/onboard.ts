import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './processes.js';
import type { Stack } from './stack.js';
import { TenantClient } from './tenant-client.js';

/** What the demo and the journeys know of the tenant they made. */
export interface OnboardedTenant {
  readonly client: TenantClient;
  readonly tenantId: string;
  readonly origin: string;
}

export const demoPolicyFile = join(repository, 'deploy/local/demo-policy.yaml');

/** Signs a person in at the identity provider and returns an access token for one audience. */
export async function accessToken(stack: Pick<Stack, 'urls'>, person: string, audience: string): Promise<string> {
  const tokens = await control<{ readonly accessToken: string }>(stack, 'issuer/login', { person, audience });
  return tokens.accessToken;
}

/** A token of the real issuer with chosen claims or lifetime, e.g. one that has expired. */
export async function mintToken(
  stack: Pick<Stack, 'urls'>,
  request: Readonly<Record<string, unknown>>,
): Promise<string> {
  return (await control<{ readonly accessToken: string }>(stack, 'issuer/mint', request)).accessToken;
}

export async function control<T>(stack: Pick<Stack, 'urls'>, path: string, body?: unknown): Promise<T> {
  const how: RequestInit =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${stack.urls.models}/_control/${path}`, how);
  if (!response.ok) throw new Error(`the simulator answered ${response.status} to ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Walks the way of a new user: sign up, federate, register endpoints, publish a policy. `tell` hears each step. */
export async function onboard(stack: Stack, name: string, tell: (step: string) => void): Promise<OnboardedTenant> {
  const setup = await signUp(stack, name, tell);
  const created = await setup.mutate<{ tenant: { id: string; logOrigin: string } }>(
    'createTenant',
    { name, region: 'eu-central' },
    'tenant { id logOrigin }',
  );
  tell(`createTenant: log ${created.tenant.logOrigin}`);
  await federate(stack, setup, tell);
  const owner = new TenantClient(stack.urls.tenantApi, await accessToken(stack, 'ada', stack.audiences.admin));
  await owner.run('mutation { completeSetup { tenant { state } userErrors { field code message } } }');
  tell('completeSetup: the first federated owner took over');
  await registerEndpoints(stack, owner, tell);
  await owner.mutate('setReview', { model: 'fast', expectedVersion: 0 }, 'settings { version }');
  await publishPolicy(owner, readFileSync(demoPolicyFile, 'utf8'));
  const { tenant } = await owner.run<{ tenant: { state: string } }>('{ tenant { state } }');
  tell(`publishPolicy: the tenant is ${tenant.state}`);
  return { client: owner, tenantId: created.tenant.id, origin: created.tenant.logOrigin };
}

async function signUp(stack: Stack, name: string, tell: (step: string) => void): Promise<TenantClient> {
  const anonymous = new TenantClient(stack.urls.tenantApi);
  const mailed = new Promise<string>((resolve) => {
    stack.tenantApi.onLine((line) => {
      const code = /\b([0-9]{6,10})\b/.exec(
        line.includes('"mail"') ? (/"text":"([^"]*)"/.exec(line)?.[1] ?? '') : '',
      )?.[1];
      if (code !== undefined) resolve(code);
    });
  });
  const { signUpId } = await anonymous.mutate<{ signUpId: string }>(
    'signUp',
    { email: `ada@${name}.example` },
    'signUpId',
  );
  const code = await mailed;
  tell(`signUp: the mail with the code arrived (printed, because this is a demo): ${code}`);
  const { setupToken } = await anonymous.mutate<{ setupToken: string }>(
    'verifyEmail',
    { signUpId, code },
    'setupToken',
  );
  tell('verifyEmail: a setup token that can do nothing but federate');
  return new TenantClient(stack.urls.tenantApi, setupToken);
}

async function federate(stack: Stack, setup: TenantClient, tell: (step: string) => void): Promise<void> {
  const { identityProvider } = await setup.mutate<{ identityProvider: { id: string; version: number } }>(
    'createIdentityProvider',
    {
      name: 'workforce',
      issuer: stack.urls.issuer,
      audiences: [stack.audiences.gateway, stack.audiences.admin],
      boundClaims: [{ name: 'tid', value: 'mercy' }],
      departmentClaim: 'department',
    },
    'identityProvider { id version }',
  );
  const mappings = [
    { claim: 'groups', equals: 'admins', role: 'owner' },
    { claim: 'groups', equals: 'clinicians', role: 'clinician' },
    { claim: 'groups', equals: 'analysts', role: 'analyst' },
  ];
  const mapped = await setup.mutate<{ identityProvider: { version: number } }>(
    'setClaimMappings',
    { id: identityProvider.id, expectedVersion: identityProvider.version, mappings },
    'identityProvider { version }',
  );
  tell('createIdentityProvider: keys found by discovery; setClaimMappings: groups give roles');
  const token = await accessToken(stack, 'ada', stack.audiences.admin);
  const tested = await setup.mutate<{ passed: boolean; roles: readonly string[] }>(
    'testIdentityProvider',
    { id: identityProvider.id, token },
    'passed roles',
  );
  tell(`testIdentityProvider: a real token ${tested.passed ? 'passes' : 'fails'}, roles ${tested.roles.join(', ')}`);
  const current = await setup.run<{ identityProviders: { edges: readonly { node: { version: number } }[] } }>(
    '{ identityProviders(first: 1) { edges { node { version } } } }',
  );
  await setup.mutate(
    'enableIdentityProvider',
    {
      id: identityProvider.id,
      expectedVersion: current.identityProviders.edges[0]?.node.version ?? mapped.identityProvider.version,
    },
    'identityProvider { enabled }',
  );
}

async function registerEndpoints(stack: Stack, owner: TenantClient, tell: (step: string) => void): Promise<void> {
  const { providerCredential } = await owner.mutate<{ providerCredential: { id: string } }>(
    'createProviderCredential',
    { name: 'simulated', provider: 'openai', secret: 'sk-simulated-0123456789abcdef' },
    'providerCredential { id }',
  );
  const ids: string[] = [];
  for (const [name, residency] of [
    ['general-us', 'US'],
    ['covered-eu', 'EU'],
  ] as const) {
    const { endpoint } = await owner.mutate<{ endpoint: { id: string } }>(
      'registerEndpoint',
      {
        name,
        provider: 'openai',
        baseUrl: `${stack.urls.models}/at/${name}/v1`,
        region: residency.toLowerCase(),
        residency,
        costClass: 1,
        models: ['gpt-sim'],
        credentialIds: [providerCredential.id],
      },
      'endpoint { id }',
    );
    ids.push(endpoint.id);
  }
  const day = 24 * 60 * 60 * 1000;
  const validFrom = new Date(Date.now() - day).toISOString();
  const validUntil = new Date(Date.now() + 365 * day).toISOString();
  await owner.mutate(
    'attachBaa',
    { endpointId: ids[1], name: 'HIPAA-BAA', validFrom, validUntil, document: 'BAA-2026-17.pdf' },
    'baa { id }',
  );
  await owner.mutate('createEndpointSet', { name: 'hipaa', endpointIds: [ids[1]] }, 'endpointSet { id }');
  const candidates = [
    { endpoint: 'general-us', model: 'gpt-sim' },
    { endpoint: 'covered-eu', model: 'gpt-sim' },
  ];
  await owner.mutate('setAlias', { name: 'fast', candidates }, 'alias { id }');
  await owner.mutate(
    'setPrice',
    { model: 'gpt-sim', inputMicrosPerMillion: '150000', outputMicrosPerMillion: '600000' },
    'price { id }',
  );
  await owner.mutate(
    'createBudget',
    { name: 'monthly', scope: 'tenant', period: 'month', limitMicros: '50000000', hard: true },
    'budget { id }',
  );
  tell(
    'registerEndpoint: general-us and covered-eu; attachBaa: covered-eu is under a BAA; alias fast prefers general-us',
  );
}

export async function publishPolicy(owner: TenantClient, source: string): Promise<void> {
  const { policy } = await owner.mutate<{ policy: { id: string; hash: string; version: number } }>(
    'draftPolicy',
    { source },
    'policy { id hash version }',
  );
  await owner.mutate(
    'publishPolicy',
    { id: policy.id, expectedHash: policy.hash, expectedVersion: policy.version },
    'snapshotVersion',
  );
}
