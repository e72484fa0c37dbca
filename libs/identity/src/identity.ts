import {
  err,
  limits,
  ok,
  refuse,
  tenantOfVerifiedCredential,
  type Credential,
  type IdentityConnection,
  type JsonObject,
  type Refusal,
  type Result,
  type Subject,
  type TenantContext,
  type TenantId,
} from '@writ/domain';
import { identifyAppKey, isAppKey } from './app-key.js';
import { BoundedMap } from './bounded-map.js';
import { trustOf, verifyToken, type Verified } from './bearer.js';
import { identifyCertificate } from './certificate.js';
import { checkConfirmation } from './confirmation.js';
import type { Directory, Trust } from './directory.js';
import type { FetchDocument } from './document.js';
import { explain, type TokenExplanation } from './explain.js';
import { Introspector, verifyIntrospected } from './introspection.js';
import { KeyStore, type KeySetStatus } from './key-store.js';
import { localReplays, type Replays } from './replays.js';
import { isSignedBy, SignatureMemory } from './signature.js';
import { readToken, type Token } from './token.js';

export interface IdentityNeeds {
  readonly directory: Directory;
  /** Behind the egress guard: `documentFetcher(guardedDispatcher(…))`. */
  readonly fetchDocument: FetchDocument;
  readonly clock: { nowMs(): number };
  /** Opens the sealed client secret of an introspection connection; without it those connections are unavailable. */
  readonly clientSecret?: (trust: Trust) => Promise<string | undefined>;
  /** DPoP proofs that were seen. By default this process' own memory: gateways of several processes must share one. */
  readonly replays?: Replays;
  /** Told of every exception that became a refusal, for the operational log. */
  readonly failed?: (error: unknown) => void;
}

export interface Identified {
  readonly subject: Subject;
  readonly tenant: TenantContext;
}

export interface Identity {
  /** Who is this? Only the credential is believed; whatever goes wrong is a refusal, never a default subject. */
  identify(credential: Credential): Promise<Result<Identified, Refusal>>;
  /** Every check of a real token against a connection that need not be published yet. Grants nothing. */
  explainToken(
    text: string,
    tenant: TenantId,
    connection: IdentityConnection,
  ): Promise<Result<TokenExplanation, string>>;
  /** How fresh each connection's keys are, for the console. */
  keySets(): readonly KeySetStatus[];
}

export function createIdentity(needs: IdentityNeeds): Identity {
  const nowMs = (): number => needs.clock.nowMs();
  const verifier = new CredentialVerifier(needs, nowMs);
  // A draft under test must not replace the keys that live traffic is verified with.
  const draftKeys = new KeyStore(needs.fetchDocument, nowMs);
  return {
    async identify(credential) {
      try {
        const verified = await verifier.verify(credential);
        if (!verified.ok) return verified;
        const { subject, tenant } = verified.value;
        return ok({ subject, tenant: tenantOfVerifiedCredential(tenant) });
      } catch (error) {
        needs.failed?.(error);
        return err(refuse('identity-unavailable', { detail: 'identity_failed' }));
      }
    },
    async explainToken(text, tenant, connection) {
      const token = readToken(text);
      if (!token.ok) return token;
      return ok(
        await explain(
          token.value,
          connection,
          async () => draftKeys.keyFor(token.value, { tenant, connection }),
          (key) => isSignedBy(token.value, key),
          nowMs(),
        ),
      );
    },
    keySets: () => verifier.keys.status(),
  };
}

/** Visible ASCII: whatever else stands in a credential was never issued by anyone. */
const credentialText = /^[\u0021-\u007e]+$/;
/** An opaque token names no issuer, so it is sent behind the id of the connection that can read it. */
const opaque = /^([A-Za-z0-9_-]{1,64})~([A-Za-z0-9._~+/=-]+)$/;

class CredentialVerifier {
  readonly keys: KeyStore;
  readonly #memory = new SignatureMemory();
  readonly #tokens = new BoundedMap<Token>(limits.tokensRead);
  readonly #introspector: Introspector;
  readonly #replays: Replays;

  constructor(
    private readonly needs: IdentityNeeds,
    private readonly nowMs: () => number,
  ) {
    const { fetchDocument, clientSecret = () => Promise.resolve(undefined) } = needs;
    this.keys = new KeyStore(fetchDocument, nowMs);
    this.#introspector = new Introspector({ fetchDocument, nowMs, clientSecret });
    this.#replays = needs.replays ?? localReplays(nowMs);
  }

  /** One credential, one way: a token is never ignored in favour of a certificate, nor the other way round. */
  verify(credential: Credential): Result<Verified, Refusal> | Promise<Result<Verified, Refusal>> {
    const { token: text, scheme, clientCertificate } = credential;
    const { directory } = this.needs;
    if (scheme === 'none' || text === '')
      return clientCertificate
        ? identifyCertificate(clientCertificate, directory, this.nowMs())
        : err(refuse('credential-missing'));
    if (text.length > limits.credentialBytes) return invalid('token_size');
    if (!credentialText.test(text)) return invalid('token_malformed');
    if (isAppKey(text))
      return scheme === 'dpop' ? invalid('dpop_unbound') : identifyAppKey(text, directory, this.nowMs());
    const behind = opaque.exec(text);
    return behind ? this.#verifyOpaque(behind[1]!, behind[2]!, credential) : this.#verifyToken(credential);
  }

  async #verifyToken(credential: Credential): Promise<Result<Verified, Refusal>> {
    const token = this.#read(credential.token);
    if (!token.ok) return invalid(token.error);
    const trust = await trustOf(token.value.claims, this.needs.directory);
    if (!trust.ok) return invalid(trust.error);
    if (trust.value.connection.kind === 'introspection')
      return this.#introspect(credential.token, trust.value, credential);
    const verified = await verifyToken(token.value, trust.value, this.keys, this.#memory, this.nowMs());
    // Only what was verified once: whoever invents tokens cannot fill the memory.
    if (verified.ok) this.#tokens.set(credential.token, token.value);
    return verified.ok ? this.#confirmed(verified.value, token.value.claims, trust.value, credential) : verified;
  }

  /** The same text reads the same, so a verified token is not read again; every check of it runs again all the same. */
  #read(text: string): Result<Token, string> {
    const known = this.#tokens.get(text);
    return known ? ok(known) : readToken(text);
  }

  async #verifyOpaque(id: string, text: string, credential: Credential): Promise<Result<Verified, Refusal>> {
    const trust = await this.needs.directory.findConnection?.(id);
    if (trust?.connection.kind !== 'introspection') return invalid('issuer_unknown');
    return this.#introspect(text, trust, credential);
  }

  async #introspect(text: string, trust: Trust, credential: Credential): Promise<Result<Verified, Refusal>> {
    const introspected = await this.#introspector.introspect(text, trust);
    if (!introspected.ok) return introspected;
    const verified = verifyIntrospected(text, introspected.value, trust, this.nowMs());
    return verified.ok ? this.#confirmed(verified.value, introspected.value.claims, trust, credential) : verified;
  }

  #confirmed(
    verified: Verified,
    claims: JsonObject,
    trust: Trust,
    credential: Credential,
  ): Result<Verified, Refusal> | Promise<Result<Verified, Refusal>> {
    const unless = (refused: Refusal | undefined) => (refused ? err(refused) : ok(verified));
    const checked = checkConfirmation(claims, trust, credential, this.#replays, this.nowMs());
    return checked instanceof Promise ? checked.then(unless) : unless(checked);
  }
}

function invalid(detail: string): Result<never, Refusal> {
  return err(refuse('credential-invalid', { detail }));
}
