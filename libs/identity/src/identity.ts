import {
  err,
  limits,
  ok,
  refuse,
  tenantOfVerifiedCredential,
  type Credential,
  type IdentityConnection,
  type Refusal,
  type Result,
  type Subject,
  type TenantContext,
  type TenantId,
} from '@writ/domain';
import { identifyAppKey, isAppKey } from './app-key.js';
import { isSignedBy, SignatureMemory, trustOf, verifyToken, type Verified } from './bearer.js';
import type { Directory } from './directory.js';
import type { FetchDocument } from './document.js';
import { explain, type TokenExplanation } from './explain.js';
import { KeyStore, type KeySetStatus } from './key-store.js';
import { readToken } from './token.js';

export interface IdentityNeeds {
  readonly directory: Directory;
  /** Behind the egress guard: `documentFetcher(guardedDispatcher(…))`. */
  readonly fetchDocument: FetchDocument;
  readonly clock: { nowMs(): number };
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

/** Visible ASCII: whatever else stands in a credential was never issued by anyone. */
const credentialText = /^[\u0021-\u007e]+$/;

export function createIdentity(needs: IdentityNeeds): Identity {
  const { directory, clock } = needs;
  const keys = new KeyStore(needs.fetchDocument, () => clock.nowMs());
  // A draft under test must not replace the keys that live traffic is verified with.
  const draftKeys = new KeyStore(needs.fetchDocument, () => clock.nowMs());
  const memory = new SignatureMemory();

  async function verify(credential: Credential): Promise<Result<Verified, Refusal>> {
    const { token: text } = credential;
    if (credential.scheme === 'none' || text === '') return err(refuse('credential-missing'));
    if (text.length > limits.credentialBytes) return invalid('token_size');
    if (!credentialText.test(text)) return invalid('token_malformed');
    if (isAppKey(text)) return identifyAppKey(text, directory, clock.nowMs());
    const token = readToken(text);
    if (!token.ok) return invalid(token.error);
    const trust = await trustOf(token.value.claims, directory);
    if (!trust.ok) return invalid(trust.error);
    return verifyToken(token.value, trust.value, keys, memory, clock.nowMs());
  }

  return {
    async identify(credential) {
      try {
        const verified = await verify(credential);
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
          () => draftKeys.keyFor(token.value, { tenant, connection }),
          (key) => isSignedBy(token.value, key),
          clock.nowMs(),
        ),
      );
    },
    keySets: () => keys.status(),
  };
}

function invalid(detail: string): Result<never, Refusal> {
  return err(refuse('credential-invalid', { detail }));
}
