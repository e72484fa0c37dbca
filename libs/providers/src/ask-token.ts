import { err, type JsonObject, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import type { Dispatcher } from 'undici';
import { readText } from './body.js';
import { objectOf } from './translate/conversation.js';
import { readJson } from './json/value.js';
import { type Deadlines, send } from './transport.js';
import { serviceAccountIn, type ServiceAccountTokens } from './gemini/service-account.js';
import type { TokenSource } from './vendor.js';

/** Exchanges a service account's key file for a token, over the endpoint's own guarded dispatcher; anything else is a token. */
export function tokenSource(tokens: ServiceAccountTokens, dispatcher: Dispatcher, deadlines: Deadlines): TokenSource {
  return async (secret) => {
    const account = serviceAccountIn(secret);
    if (!account) return ok(secret);
    return await tokens.of(secret, account, (url, form) => askToken(dispatcher, url, form, deadlines));
  };
}

/** Asks an authorization server for a token. Its refusal is a fault of the credential, its silence one of availability. */
async function askToken(
  dispatcher: Dispatcher,
  url: URL,
  form: string,
  deadlines: Deadlines,
): Promise<Result<JsonObject, ProviderFault>> {
  // Others may wait for the same token, so no single caller's hanging up ends it; the deadlines do.
  const { signal } = new AbortController();
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const sent = await send(dispatcher, { url, headers, body: form, signal, deadlines });
  if (!sent.ok) return err({ ...sent.error, detail: `token ${sent.error.detail}` });
  const { status, chunks } = sent.value;
  try {
    const body = objectOf(readJson(await readText(chunks)));
    if (status === 200) return ok(body);
  } catch {
    return err({ class: 'unavailable', detail: 'token read' });
  }
  const refused = status >= 400 && status < 500 && status !== 429 && status !== 408;
  return err({ class: refused ? 'credential' : 'unavailable', status, detail: `token http-${status}` });
}
