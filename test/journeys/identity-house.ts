import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type OnboardedTenant, type Stack, mintToken, onboard, publishPolicy, startStack } from '@writ/local';
import { eventually } from '../contract/eventually.js';

export const publicUrl = 'https://ai.mercy.example';

const policy = `apiVersion: policy/v1
name: callers
rules:
  - id: callers
    effect: permit
    when: '"caller" in subject.roles'
    reason: Whoever has the role of a caller may chat.
`;

export interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  readonly decision: string | null;
}

type Headers = Readonly<Record<string, string>>;

/** The whole stack with one tenant, whose policy permits whoever has the role `caller`. */
export interface IdentityHouse {
  readonly folder: string;
  readonly stack: Stack;
  readonly tenant: OnboardedTenant;
  /** The id of the identity provider of the tenant's people. */
  readonly workforce: string;
  chat(headers: Headers): Promise<Answered>;
  scim<T>(method: string, path: string, body?: object): Promise<T>;
  personToken(person: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** True on every gateway process within two seconds: it is asked as often as there could be some that have not heard. */
  within2s(headers: Headers, status: number): Promise<void>;
  /** Replaces the mapping of the people's provider. */
  map(mappings: readonly object[]): Promise<void>;
  /** Registers a connection, tests it with a real credential, and enables it. */
  trust(input: Readonly<Record<string, unknown>>, credential: string): Promise<string>;
  close(): Promise<void>;
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

/** `settings` are the gateway's, made with the house's own folder at hand, where keys and files of the test may lie. */
export async function openIdentityHouse(
  settings: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<IdentityHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-identity-'));
  const gateway = { WRIT_PUBLIC_URL: publicUrl, WRIT_CLIENT_CERTIFICATE_PROXIES: '127.0.0.1', ...settings(folder) };
  const stack = await startStack({ folder, log: () => undefined, settings: { gateway } });
  const close = async (): Promise<void> => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const tenant = await onboard(stack, 'mercy', () => undefined);
    await publishPolicy(tenant.client, policy);
    return { ...(await furnish(stack, tenant)), folder, stack, tenant, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function furnish(
  stack: Stack,
  { client }: OnboardedTenant,
): Promise<Omit<IdentityHouse, 'folder' | 'stack' | 'tenant' | 'close'>> {
  const found = await client.run<{ identityProviders: { edges: { node: { id: string } }[] } }>(
    '{ identityProviders(first: 1) { edges { node { id } } } }',
  );
  const workforce = found.identityProviders.edges[0]?.node.id ?? '';
  const { scimToken } = await client.mutate<{ scimToken: string }>(
    'rotateScimToken',
    { identityProviderId: workforce },
    'scimToken scimUrl',
  );
  const chat = async (headers: Headers): Promise<Answered> => {
    const response = await fetch(`${stack.urls.gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    const body = (await response.json()) as { readonly error?: { readonly code: string } };
    return { status: response.status, code: body.error?.code, decision: response.headers.get('x-writ-decision') };
  };
  return {
    workforce,
    chat,
    async scim<T>(method: string, path: string, body?: object) {
      const answer = await fetch(`${stack.urls.tenantApi}/scim/v2${path}`, {
        method,
        headers: { ...bearer(scimToken), ...(body && { 'content-type': 'application/scim+json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return JSON.parse(text === '' ? '{}' : text) as T;
    },
    personToken: (person, claims = {}) => mintToken(stack, { person, audience: stack.audiences.gateway, claims }),
    within2s: (headers, status) =>
      eventually(async () => {
        for (let asked = 0; asked < 6; asked += 1) expect((await chat(headers)).status).toBe(status);
      }, 2_000),
    async map(mappings) {
      const { node } = await client.run<{ node: { version: number } }>(
        'query ($id: ID!) { node(id: $id) { ... on IdentityProvider { version } } }',
        { id: workforce },
      );
      const input = { id: workforce, expectedVersion: node.version, mappings };
      await client.mutate('setClaimMappings', input, 'identityProvider { version }');
    },
    async trust(input, credential) {
      const { identityProvider } = await client.mutate<{ identityProvider: { id: string; version: number } }>(
        'createIdentityProvider',
        { subjectKind: 'workload', audiences: [stack.audiences.gateway], roles: ['caller'], ...input },
        'identityProvider { id version }',
      );
      const { id, version } = identityProvider;
      const tested = await client.mutate<{ passed: boolean; explanation: unknown }>(
        'testIdentityProvider',
        { id, token: credential },
        'passed explanation { label outcome because children { label outcome because } }',
      );
      expect([tested.passed, tested.explanation]).toEqual([true, expect.anything()]);
      await client.mutate('enableIdentityProvider', { id, expectedVersion: version + 1 }, 'identityProvider { id }');
      return id;
    },
  };
}
