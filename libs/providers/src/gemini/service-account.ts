import { createHash } from 'node:crypto';
import { err, type JsonObject, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { importPKCS8, SignJWT } from 'jose';
import { readJson } from '../json/value.js';
import { objectOf, stringOf } from '../translate/conversation.js';

/** Asks an authorization server for a token: one POST of a form, over the endpoint's own guarded dispatcher. */
export type AskToken = (url: URL, form: string) => Promise<Result<JsonObject, ProviderFault>>;

interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly privateKey: string;
  readonly tokenUri: URL;
}

const scope = 'https://www.googleapis.com/auth/cloud-platform';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const assertionSeconds = 600;
/** A token is left this long before it ends: a call that starts with it must still be served. */
const leftSeconds = 60;
const kept = 1_000;

/** Undefined when the secret is no service account's key file: then it is a token itself. */
export function serviceAccountIn(secret: string): ServiceAccount | undefined {
  if (!secret.startsWith('{')) return undefined;
  const file = objectOf(readJson(secret));
  const tokenUri = URL.parse(stringOf(file['token_uri']));
  if (file['type'] !== 'service_account' || !tokenUri) return undefined;
  return {
    email: stringOf(file['client_email']),
    keyId: stringOf(file['private_key_id']),
    privateKey: stringOf(file['private_key']),
    tokenUri,
  };
}

/** Access tokens of service accounts (RFC 7523), each asked for once and kept until shortly before it ends. */
export class ServiceAccountTokens {
  readonly #held = new Map<string, { readonly token: Promise<Result<string, ProviderFault>>; untilMs: number }>();

  constructor(private readonly nowMs: () => number) {}

  /** One request at a time an account, however many calls wait for it. A failure is not kept. */
  of(secret: string, account: ServiceAccount, ask: AskToken): Promise<Result<string, ProviderFault>> {
    const name = createHash('sha256').update(secret).digest('hex');
    const held = this.#held.get(name);
    if (held && this.nowMs() < held.untilMs) return held.token;
    const entry = { token: this.#ask(account, ask, (untilMs) => (entry.untilMs = untilMs)), untilMs: Infinity };
    this.#held.delete(name);
    this.#held.set(name, entry);
    if (this.#held.size > kept) this.#held.delete(this.#held.keys().next().value!);
    void entry.token.then((token) => {
      if (!token.ok && this.#held.get(name) === entry) this.#held.delete(name);
    });
    return entry.token;
  }

  async #ask(
    account: ServiceAccount,
    ask: AskToken,
    holds: (untilMs: number) => void,
  ): Promise<Result<string, ProviderFault>> {
    const signed = await assertionOf(account, Math.floor(this.nowMs() / 1_000));
    if (!signed.ok) return signed;
    const answer = await ask(
      account.tokenUri,
      new URLSearchParams({ grant_type: grantType, assertion: signed.value }).toString(),
    );
    if (!answer.ok) return answer;
    const { access_token: token, expires_in: seconds, token_type: type } = answer.value;
    if (
      typeof token !== 'string' ||
      !/^[\x21-\x7e]{1,8192}$/.test(token) ||
      typeof type !== 'string' ||
      !/^bearer$/i.test(type)
    )
      return err({ class: 'credential', detail: 'token-answer' });
    holds(this.nowMs() + Math.max(0, (typeof seconds === 'number' ? seconds : 0) - leftSeconds) * 1_000);
    return ok(token);
  }
}

async function assertionOf(account: ServiceAccount, now: number): Promise<Result<string, ProviderFault>> {
  try {
    const key = await importPKCS8(account.privateKey, 'RS256');
    const assertion = await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.keyId })
      .setIssuer(account.email)
      .setAudience(account.tokenUri.href)
      .setIssuedAt(now)
      .setExpirationTime(now + assertionSeconds)
      .sign(key);
    return ok(assertion);
  } catch {
    return err({ class: 'credential', detail: 'service-account-key' });
  }
}
