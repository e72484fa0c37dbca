import { createHash, randomBytes } from 'node:crypto';
import { type MachineClient, publicClient } from './people.js';

export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly expiresIn: number;
}

/** Signs a person in as a browser would: authorization code with PKCE, the login form, the code exchange. */
export async function loginAs(issuer: string, person: string, audience: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url');
  const jar = new Map<string, string>();
  const authorize = new URL('/auth', issuer);
  authorize.search = new URLSearchParams({
    client_id: publicClient.clientId,
    redirect_uri: publicClient.redirectUri,
    response_type: 'code',
    scope: 'openid profile email ask',
    resource: audience,
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();

  const page = await visit(authorize, jar);
  const resumed = await visit(page, jar, new URLSearchParams({ person }));
  const callback = await visit(resumed, jar);
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code: ${callback.search}`);
  return exchange(issuer, {
    grant_type: 'authorization_code',
    client_id: publicClient.clientId,
    redirect_uri: publicClient.redirectUri,
    code,
    code_verifier: verifier,
    resource: audience,
  });
}

/** Client credentials of an agent or a workload. */
export async function loginAsMachine(issuer: string, machine: MachineClient, audience: string): Promise<Tokens> {
  return exchange(issuer, {
    grant_type: 'client_credentials',
    client_id: machine.clientId,
    client_secret: machine.secret,
    scope: 'ask',
    resource: audience,
  });
}

/** Follows one redirect with cookies; a body means that a form is sent. */
async function visit(url: URL, jar: Map<string, string>, form?: URLSearchParams): Promise<URL> {
  const response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    ...(form ? { body: form } : {}),
  });
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const location = response.headers.get('location');
  if (!location) throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
  return new URL(location, url);
}

async function exchange(issuer: string, fields: Readonly<Record<string, string>>): Promise<Tokens> {
  const response = await fetch(new URL('/token', issuer), { method: 'POST', body: new URLSearchParams(fields) });
  const body = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`the token endpoint answered ${response.status}: ${JSON.stringify(body)}`);
  return {
    accessToken: String(body['access_token']),
    idToken: body['id_token'] as string | undefined,
    refreshToken: body['refresh_token'] as string | undefined,
    expiresIn: Number(body['expires_in']),
  };
}
