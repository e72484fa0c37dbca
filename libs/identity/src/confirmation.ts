import { createHash } from 'node:crypto';
import {
  refuse,
  type Credential,
  type IdentityConnection,
  type JsonObject,
  type Refusal,
  type TenantId,
} from '@writ/domain';
import { verifyProof } from './dpop.js';
import type { Replays } from './replays.js';
import { isObject } from './token.js';

const methods = new Set(['x5t#S256', 'jkt']);

/**
 * RFC 7800: a token that is bound to a key is worth nothing without the key. A method we do not know is refused, and so is a
 * bound token that is sent as a plain bearer.
 */
export function checkConfirmation(
  claims: JsonObject,
  { tenant, connection }: { readonly tenant: TenantId; readonly connection: IdentityConnection },
  credential: Credential,
  replays: Replays,
  nowMs: number,
): Refusal | undefined | Promise<Refusal | undefined> {
  const bound = claims['cnf'];
  const required = connection.settings['confirmation'];
  if (bound === undefined) {
    if (required !== undefined) return invalid('cnf_missing');
    return credential.scheme === 'dpop' ? invalid('dpop_unbound') : undefined;
  }
  if (!isObject(bound)) return invalid('cnf_unknown');
  const names = Object.keys(bound);
  if (names.length === 0 || names.some((name) => !methods.has(name))) return invalid('cnf_unknown');
  const certificate = bound['x5t#S256'];
  const thumbprint = bound['jkt'];
  if (required === 'dpop' && thumbprint === undefined) return invalid('cnf_missing');
  if (required === 'certificate' && certificate === undefined) return invalid('cnf_missing');
  if (certificate !== undefined && certificate !== thumbprintOf(credential.clientCertificate))
    return invalid('cnf_certificate');
  if (thumbprint === undefined) return credential.scheme === 'dpop' ? invalid('dpop_unbound') : undefined;
  if (credential.scheme !== 'dpop' || credential.proof === undefined) return invalid('dpop_missing');
  return verifyProof(credential.proof, credential, { tenant, thumbprint }, replays, nowMs);
}

/** RFC 8705 section 3.1: the SHA-256 of the certificate's DER, base64url. */
function thumbprintOf(certificate: Uint8Array | undefined): string | undefined {
  return certificate && createHash('sha256').update(certificate).digest('base64url');
}

function invalid(detail: string): Refusal {
  return refuse('credential-invalid', { detail });
}
