import type { FastifyInstance } from 'fastify';
import { headersFor, page } from './pages.js';

/** Where a browser is needed, because only the browser may speak to an authenticator. One constant script each, nothing of a caller in them. */
const common = `
const field = (name) => document.getElementById(name).value.trim();
const say = (text) => { document.getElementById('said').textContent = text; };
const post = async (path, body, token) => {
  const headers = { 'content-type': 'application/json' };
  if (token) headers.authorization = 'Bearer ' + token;
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.json();
};
const ask = async (query, variables) => {
  const { data, errors } = await post('/graphql', { query, variables });
  if (errors) throw new Error(errors[0].message);
  return data;
};
const answerOf = (payload) => {
  if (payload.userErrors.length > 0) throw new Error(payload.userErrors[0].message);
  return payload;
};
const create = async (options) =>
  (await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON();
const get = async (options) =>
  (await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();
document.getElementById('go').addEventListener('click', () => work().catch((problem) => say(problem.message)));
`;

const usingScript = `${common}
const work = async () => {
  const { breakGlassChallenge } = await ask('{ breakGlassChallenge { requestOptions } }');
  const passkey = JSON.stringify(await get(JSON.parse(breakGlassChallenge.requestOptions)));
  const input = { tenantId: field('tenant'), code: field('code'), passkey };
  const { useBreakGlass } = await ask('mutation ($input: UseBreakGlassInput!) { useBreakGlass(input: $input) { recoveryToken expiresAt userErrors { message } } }', { input });
  const { recoveryToken, expiresAt } = answerOf(useBreakGlass);
  say('Good until ' + expiresAt + ', to mend the identity providers and nothing else. Keep this token in a file for --token-file: ' + recoveryToken);
};`;

const enrollingScript = `${common}
const work = async () => {
  const { breakGlassChallenge } = await ask('{ breakGlassChallenge { creationOptions } }');
  const passkey = JSON.stringify(await create(JSON.parse(breakGlassChallenge.creationOptions)));
  const input = { link: location.hash.slice(1), passkey };
  const { registerBreakGlassPasskey } = await ask('mutation ($input: RegisterBreakGlassPasskeyInput!) { registerBreakGlassPasskey(input: $input) { state userErrors { message } } }', { input });
  say('Registered. Break-glass is ' + answerOf(registerBreakGlassPasskey).state + '.');
};`;

const setupScript = `${common}
const work = async () => {
  const token = field('token');
  const options = await post('/passkeys/options', {}, token);
  if (options.error) throw new Error(options.error);
  const done = await post('/passkeys', await create(options), token);
  say(done.registered ? 'Registered. Sign in with it next time; once an owner has taken over, it is for break-glass alone.' : done.error);
};`;

const said = '<p role="status" id="said"></p>';
const pages = {
  '/break-glass': {
    script: usingScript,
    body: `<p>When the identity provider is gone: a recovery code and your passkey open the federation for an hour. Every owner is told.</p>
<p><label>Tenant <input id="tenant" autocomplete="off" placeholder="ten_…"></label> <label>Recovery code <input id="code" autocomplete="off"></label> <button type="button" id="go">Use break-glass</button></p>`,
    title: 'Break-glass',
  },
  '/break-glass/passkey': {
    script: enrollingScript,
    body: `<p>You came by the link that an owner had sent. Your passkey will open the tenant together with a recovery code, and nothing by itself.</p>
<p><button type="button" id="go">Register a passkey</button></p>`,
    title: 'Register a passkey for break-glass',
  },
  '/passkeys': {
    script: setupScript,
    body: `<p>With the setup token, while it is good.</p>
<p><label>Setup token <input id="token" type="password" autocomplete="off"></label> <button type="button" id="go">Register a passkey</button></p>`,
    title: 'Register a passkey',
  },
} as const;

/** `GET /break-glass`, `/break-glass/passkey` and `/passkeys`. Whatever they do is done by the API, which any client may call. */
export function passkeyPages(app: FastifyInstance): void {
  for (const [path, { script, body, title }] of Object.entries(pages))
    app.get(path, (_request, reply) =>
      reply.headers(headersFor(script)).send(page(title, `${body}\n${said}\n<script>${script}</script>`)),
    );
}
