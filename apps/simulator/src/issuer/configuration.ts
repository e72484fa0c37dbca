import type { JWK } from 'jose';
import type { OidcContext } from 'oidc-provider';
import type { MemoryStore } from './memory.js';
import { type MachineClient, type Person, publicClient } from './people.js';

const machineAlg = 'ES256';
const personAlg = 'RS256';
const scopes = 'ask';

interface TokenLike {
  readonly kind: string;
  readonly accountId?: string;
  readonly clientId?: string;
}

export interface Known {
  readonly people: readonly Person[];
  readonly machines: readonly MachineClient[];
}

/** Configuration of the published provider: JWT access tokens (RFC 9068) for the audience that `resource` names. */
export function configuration(
  known: Known,
  jwks: readonly JWK[],
  lifetimeSeconds: number,
  store: MemoryStore,
): Readonly<Record<string, unknown>> {
  return {
    adapter: (model: string) => store.adapter(model),
    jwks: { keys: jwks },
    clients: clients(known.machines),
    cookies: { keys: ['simulated-cookie-key'], short: { sameSite: 'lax' }, long: { sameSite: 'lax' } },
    claims: {
      openid: ['sub'],
      profile: ['name', 'groups', 'department', 'tid'],
      email: ['email'],
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context: OidcContext, _client: unknown, oneOf: unknown) => oneOf,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: OidcContext, audience: string, client: { readonly clientId: string }) => ({
          audience,
          scope: scopes,
          accessTokenTTL: lifetimeSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.clientId === publicClient.clientId ? personAlg : machineAlg } },
        }),
      },
    },
    findAccount: (_context: OidcContext, id: string) => account(known.people, id),
    extraTokenClaims: (_context: OidcContext, token: TokenLike) => claimsOf(known, token),
    interactions: {
      url: (_context: OidcContext, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}`,
    },
    loadExistingGrant: grantAll,
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    ttl: {
      AuthorizationCode: 60,
      Grant: 86_400,
      Interaction: 600,
      Session: 86_400,
      DeviceCode: 600,
      IdToken: 600,
      RefreshToken: 86_400,
      AccessToken: lifetimeSeconds,
      ClientCredentials: lifetimeSeconds,
    },
  };
}

function clients(machines: readonly MachineClient[]): readonly unknown[] {
  return [
    {
      client_id: publicClient.clientId,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [publicClient.redirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    },
    ...machines.map((machine) => ({
      client_id: machine.clientId,
      client_secret: machine.secret,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    })),
  ];
}

function account(people: readonly Person[], id: string): unknown {
  const person = people.find((candidate) => candidate.id === id);
  return person && { accountId: id, claims: () => ({ sub: id, ...claimsOfPerson(person) }) };
}

function claimsOf(known: Known, token: TokenLike): Readonly<Record<string, unknown>> | undefined {
  const person = known.people.find((candidate) => candidate.id === token.accountId);
  if (person) return claimsOfPerson(person);
  const machine = known.machines.find((candidate) => candidate.clientId === token.clientId);
  return machine && { groups: machine.groups, department: machine.department, tid: machine.tid };
}

export function claimsOfPerson(person: Person): Readonly<Record<string, unknown>> {
  const { id: _id, ...claims } = person;
  return claims;
}

/** Nobody has to press "allow" in a simulation. */
async function grantAll(context: OidcContext): Promise<unknown> {
  const { provider, client, session, params } = context.oidc;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope('openid profile email offline_access');
  const audience = params?.['resource'];
  for (const one of [audience].flat()) if (typeof one === 'string') grant.addResourceScope(one, scopes);
  await grant.save();
  return grant;
}
