import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Credential, IdentityConnection } from '@writ/domain';
import { createIdentity, documentFetcher, type Identity } from '@writ/identity';
import { guardedDispatcher, systemClock } from '@writ/platform';
import { Provider } from 'oidc-provider';
import { DirectoryTwin, tenantA, tenantB } from '../support/index.js';

const audience = 'https://gateway.example/v1';
let server: Server;
let issuer: string;
let dispatcher: ReturnType<typeof guardedDispatcher>;

/** A certified OpenID provider: agents get tokens by client credentials, as JWT or opaque by the resource they ask for. */
function aProvider(): Provider {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
  return new Provider(issuer, {
    clients: [
      { ...client, client_id: 'agent', client_secret: 'agent-secret' },
      { ...client, client_id: 'gateway', client_secret: 'gateway-secret' },
    ],
    scopes: ['chat'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'chat',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
        }),
      },
    },
  });
}

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  issuer = `http://127.0.0.1:${port}`;
  dispatcher = guardedDispatcher({ allowHosts: [`127.0.0.1:${port}`], connectMs: 1_000 });
  server.on('request', aProvider().callback());
});
afterAll(async () => {
  await dispatcher.close();
  server.closeAllConnections();
  server.close();
});

async function aToken(resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('agent:agent-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'chat', resource }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${response.status}`);
  return token;
}

function aConnection(more: Partial<IdentityConnection> = {}): IdentityConnection {
  return {
    id: 'agents',
    kind: 'oidc',
    issuer,
    audiences: [audience],
    algorithms: ['RS256'],
    boundClaims: {},
    acceptIdTokens: false,
    maxLifetimeSeconds: 3_600,
    skewSeconds: 5,
    subjectKind: 'agent',
    roleMappings: [{ claim: 'scope', equals: 'chat', role: 'chatter' }],
    claims: { groups: 'groups', attributes: [] },
    settings: {},
    ...more,
  };
}

function anIdentity(directory: DirectoryTwin): Identity {
  return createIdentity({
    directory,
    fetchDocument: documentFetcher(dispatcher),
    clock: systemClock,
    clientSecret: () => Promise.resolve('gateway-secret'),
  });
}

function aBearer(token: string): Credential {
  return { scheme: 'bearer', token, method: 'POST', url: `${audience}/chat/completions` };
}

describe('a real OpenID provider', () => {
  it('issues a JWT that is found by discovery, verified and mapped', async () => {
    const directory = new DirectoryTwin();
    directory.trust(tenantA, aConnection());
    const identity = anIdentity(directory);
    expect(await identity.identify(aBearer(await aToken(audience)))).toMatchObject({
      ok: true,
      value: {
        tenant: { tenant: tenantA },
        subject: { id: 'agent', kind: 'agent', method: 'jwt', app: 'agent', roles: ['chatter'], scopes: ['chat'] },
      },
    });
    expect(await identity.identify(aBearer(await aToken('https://other.example')))).toMatchObject({
      ok: false,
      error: { code: 'credential-invalid', detail: 'audience' },
    });
  });

  it('reads an opaque token by introspection', async () => {
    const directory = new DirectoryTwin();
    const opaque = aConnection({
      id: 'opaque',
      kind: 'introspection',
      audiences: [`${audience}/opaque`],
      introspectionUri: `${issuer}/token/introspection`,
      settings: { clientId: 'gateway' },
    });
    directory.trust(tenantB, opaque);
    const identity = anIdentity(directory);
    const token = await aToken(`${audience}/opaque`);
    expect(token).not.toContain('.');
    expect(await identity.identify(aBearer(`opaque~${token}`))).toMatchObject({
      ok: true,
      value: { tenant: { tenant: tenantB }, subject: { method: 'introspection', app: 'agent', roles: ['chatter'] } },
    });
    expect(await identity.identify(aBearer(`opaque~${token.slice(1)}`))).toMatchObject({
      ok: false,
      error: { detail: 'token_inactive' },
    });
  });

  it('T17: is not asked at all when the egress guard does not allow its address', async () => {
    const directory = new DirectoryTwin();
    directory.trust(tenantA, aConnection());
    const guarded = guardedDispatcher({ allowHosts: [], connectMs: 1_000 });
    const identity = createIdentity({ directory, fetchDocument: documentFetcher(guarded), clock: systemClock });
    expect(await identity.identify(aBearer(await aToken(audience)))).toMatchObject({
      ok: false,
      error: { code: 'identity-unavailable', detail: 'jwks_unavailable' },
    });
    await guarded.close();
  });
});
