import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { JWK } from 'jose';
import { type OidcContext, Provider } from 'oidc-provider';
import type { Ports } from '../ports.js';
import { fromId } from '../schema/ids.js';
import { signUp, verifyCode } from '../sign-up.js';
import { issuerPath } from './issuer.js';
import { codePage, endedPage, pageHeaders, signInPage } from './pages.js';
import type { Passkeys } from './passkeys.js';
import { IssuerState } from './state.js';

/** The public client of the command line: device flow only (RFC 8628). */
export const commandLineClient = 'writ-cli';
const setupScope = 'tenant:setup';
const formBytes = 32 * 1024;

export interface ProviderOptions {
  readonly ports: Ports;
  readonly passkeys: Passkeys;
  /** The public address of this API. */
  readonly publicUrl: string;
  readonly adminAudience: string;
  /** The bootstrap issuer's own key, with its private half. */
  readonly key: JWK;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The bootstrap issuer's OpenID provider: people prove an e-mail address or a passkey and get a setup token, on any device,
 * for a command line that has no browser. Its tokens can do nothing but federate. Answers below `/oidc` only.
 */
export function bootstrapProvider(options: ProviderOptions): Handler {
  const { ports, publicUrl } = options;
  const provider = new Provider(new URL(issuerPath, publicUrl).href, configuration(options));
  provider.proxy = true;
  const answer = provider.callback();
  const { protocol, host } = new URL(publicUrl);
  return (request, response) => {
    const path = (request.url ?? '').slice(issuerPath.length);
    // Addresses that leave in answers are this issuer's public ones, whatever the request says of them.
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    request.headers['x-forwarded-host'] = host;
    Object.assign(request, { originalUrl: request.url, url: path === '' ? '/' : path });
    if (!path.startsWith('/interaction/')) return answer(request, response);
    interact(provider, options, request, response).catch((cause: unknown) => {
      ports.report(cause, 'bootstrap-issuer');
      if (!response.headersSent) send(response, 400, endedPage());
    });
    return undefined;
  };
}

function configuration({ ports, key, publicUrl, adminAudience }: ProviderOptions): Readonly<Record<string, unknown>> {
  const resource = new URL(publicUrl).href;
  const cookieKey = createHmac('sha256', String(key['d'])).update('writ/bootstrap-cookies').digest('base64url');
  const resourceServer = {
    audience: adminAudience,
    scope: setupScope,
    accessTokenTTL: 86_400,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'EdDSA' } },
  };
  return {
    adapter: (model: string) => new IssuerState(ports.control, ports.nowMs, model),
    jwks: { keys: [{ ...key, use: 'sig', alg: 'EdDSA' }] },
    clients: [
      {
        client_id: commandLineClient,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [],
        response_types: [],
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
        id_token_signed_response_alg: 'EdDSA',
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'EdDSA' },
    scopes: ['openid'],
    cookies: { keys: [cookieKey] },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****' },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer,
      },
    },
    findAccount: (_context: OidcContext, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: {
      url: (_context: OidcContext, { uid }: { readonly uid: string }) => `${issuerPath}/interaction/${uid}`,
    },
    loadExistingGrant: async (context: OidcContext) => grantSetup(context, resource),
    // Each command line asks anew: nobody gets a token because somebody else is still signed in on that browser.
    ttl: { DeviceCode: 600, Interaction: 600, Session: 600, Grant: 86_400, AccessToken: 86_400, IdToken: 600 },
  };
}

/** A setup token can do one thing, so there is nothing to choose and nothing to ask. */
async function grantSetup(context: OidcContext, resource: string): Promise<unknown> {
  const { provider, client, session } = context.oidc;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(resource, setupScope);
  await grant.save();
  return grant;
}

async function interact(
  provider: Provider,
  { ports, passkeys }: ProviderOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') throw new Error(`the bootstrap issuer has no page for ${prompt.name}`);
  const isOptions = request.url?.endsWith('/passkey/options') === true;
  if (request.method !== 'POST') return send(response, 200, signInPage(undefined));
  if (isOptions) {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(await passkeys.offerSignIn(uid)));
    return undefined;
  }
  const form = new URLSearchParams(await bodyOf(request));
  const passkey = form.get('passkey');
  const email = form.get('email');
  if (email !== null) {
    const sent = await signUp(ports, email);
    return send(response, 200, sent.ok ? codePage(sent.value, undefined) : signInPage(sent.error.message));
  }
  if (passkey !== null) {
    const found = await passkeys.signIn(uid, parsed(passkey));
    return found.ok
      ? finish(provider, request, response, found.value)
      : send(response, 200, signInPage('This passkey is not known here, or was not used just now.'));
  }
  const id = form.get('signUp') ?? '';
  const accepted = await verifyCode(ports, fromId('SignUp', id) ?? uuidOf(id), form.get('code') ?? '');
  if (!accepted.ok) return send(response, 200, codePage(id, accepted.error.message));
  return finish(provider, request, response, accepted.value);
}

function finish(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  accountId: string,
): Promise<void> {
  // The code on the device was confirmed a moment ago; that was the consent.
  return provider.interactionFinished(request, response, { login: { accountId, remember: false }, consent: {} });
}

function uuidOf(text: string): string | undefined {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
}

/** Whatever it is, the verifier of passkeys judges it; what is no JSON object is an answer without an id. */
function parsed(text: string): AuthenticationResponseJSON {
  try {
    const value: unknown = JSON.parse(text);
    return (typeof value === 'object' && value !== null ? value : {}) as AuthenticationResponseJSON;
  } catch {
    return {} as AuthenticationResponseJSON;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > formBytes) throw new Error('a form of the bootstrap issuer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, pageHeaders);
  response.end(body);
}
