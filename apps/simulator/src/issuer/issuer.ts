import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type JWK, importJWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
import { close, listen, urlOf } from '../models-server.js';
import { claimsOfPerson, configuration, type Known } from './configuration.js';
import { makeKeys } from './keys.js';
import { MemoryStore } from './memory.js';

/** How the issuer misbehaves: refuses connections, hangs, or answers 503. */
export type Down = 'no' | 'refuse' | 'hang' | '503';

export interface MintRequest {
  readonly person?: string;
  readonly audience?: string;
  readonly lifetimeSeconds?: number;
  /** Replaces or removes (null) claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly alg?: 'RS256' | 'ES256';
}

export interface Issuer {
  readonly url: string;
  /** A token signed by the published key, with whatever claims a test needs; `lifetimeSeconds` may be negative. */
  mint(request: MintRequest): Promise<string>;
  /** New keys sign from now on. `dropOld` withdraws the old ones from the JWKS. */
  rotate(dropOld: boolean): Promise<void>;
  down(how: Down): void;
  /** How often each path was asked for, so that a test can count JWKS fetches. */
  readonly asked: Map<string, number>;
  stop(): Promise<void>;
}

export async function startIssuer(port: number, known: Known, lifetimeSeconds: number): Promise<Issuer> {
  let generation = 1;
  let keys: readonly JWK[] = await makeKeys(generation);
  let down: Down = 'no';
  let provider: Provider | undefined;
  let answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const asked = new Map<string, number>();
  const store = new MemoryStore();

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://issuer').pathname;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (down === 'refuse') return void request.socket.destroy();
    if (down === 'hang') return undefined;
    if (down === '503') return void response.writeHead(503).end();
    if (path.startsWith('/interaction/') && provider) {
      logIn(provider, known, request, response).catch((error: unknown) => {
        response.writeHead(400).end(String(error));
      });
      return undefined;
    }
    return answer?.(request, response);
  });
  await listen(server, port);
  const url = urlOf(server);

  const open = (): void => {
    provider = new Provider(url, configuration(known, keys, lifetimeSeconds, store));
    answer = provider.callback();
  };
  open();

  return {
    url,
    asked,
    async mint(request) {
      return mint(url, known, keys, lifetimeSeconds, request);
    },
    async rotate(dropOld) {
      generation += 1;
      keys = [...(await makeKeys(generation)), ...(dropOld ? [] : keys)];
      open();
    },
    down(how) {
      down = how;
      server.closeAllConnections();
    },
    stop: () => close(server),
  };
}

/** The login page: a form with one field, driven by a browser or by plain HTTP. */
async function logIn(
  provider: Provider,
  known: Known,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const choices = known.people.map((person) => `<option value="${person.id}">${person.name}</option>`).join('');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(
      `<!doctype html><title>Simulated sign-in</title><h1>Sign in</h1><form method="post">` +
        `<select name="person">${choices}</select> <button>Continue</button></form>`,
    );
    return;
  }
  let body = '';
  for await (const part of request) body += String(part);
  const person = new URLSearchParams(body).get('person') ?? '';
  if (!known.people.some((candidate) => candidate.id === person)) throw new Error(`nobody is called ${person}`);
  if (details.prompt.name !== 'login') throw new Error(`the simulator has no page for ${details.prompt.name}`);
  await provider.interactionFinished(request, response, { login: { accountId: person }, consent: {} });
}

async function mint(
  issuer: string,
  known: Known,
  keys: readonly JWK[],
  defaultLifetime: number,
  request: MintRequest,
): Promise<string> {
  const jwk = keys.find((key) => key.alg === (request.alg ?? 'RS256'));
  if (!jwk?.alg) throw new Error('no such key');
  const person = known.people.find((candidate) => candidate.id === request.person);
  const now = Math.floor(Date.now() / 1000);
  const lifetime = request.lifetimeSeconds ?? defaultLifetime;
  const expires = now + lifetime;
  const claims: Record<string, unknown> = {
    iss: issuer,
    sub: request.person ?? 'nobody',
    aud: request.audience,
    client_id: 'console',
    scope: 'ask',
    jti: crypto.randomUUID(),
    iat: lifetime > 0 ? now : expires - defaultLifetime,
    exp: expires,
    ...(person ? claimsOfPerson(person) : {}),
    ...request.claims,
  };
  const kept = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null && value !== undefined));
  return new SignJWT(kept)
    .setProtectedHeader({ alg: jwk.alg, typ: 'at+jwt', ...(jwk.kid ? { kid: jwk.kid } : {}), ...request.header })
    .sign(await importJWK(jwk, jwk.alg));
}
