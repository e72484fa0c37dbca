import { createHash } from 'node:crypto';
import { refuse, type Credential, type JsonObject, type JsonValue, type Refusal, type TenantId } from '@writ/domain';
import { calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { isPublicKey, keyFits } from './algorithms.js';
import type { Replays } from './replays.js';
import { isSignedBy } from './signature.js';
import { isObject, readToken, type Token } from './token.js';

const oldestMs = 60_000;
const earliestMs = 5_000;
const identifierLength = 256;

/**
 * RFC 9449 section 4.3: the proof is for this method, this address, this token and this key, was made just now, and was never
 * seen before. It is remembered last, so that a forged proof cannot use up a genuine one.
 */
export async function verifyProof(
  text: string,
  credential: Credential,
  bound: { readonly tenant: TenantId; readonly thumbprint: JsonValue },
  replays: Replays,
  nowMs: number,
): Promise<Refusal | undefined> {
  const proof = readToken(text);
  if (!proof.ok) return invalid(`dpop_${proof.error}`);
  const { header, claims } = proof.value;
  if (header['typ'] !== 'dpop+jwt') return invalid('dpop_typ');
  const key = publicKeyOf(header, proof.value);
  if (!key || (await calculateJwkThumbprint(key)) !== bound.thumbprint) return invalid('dpop_key');
  const mismatch = mismatchOf(claims, credential, nowMs);
  if (mismatch !== undefined) return invalid(mismatch);
  if (!(await isSignedBy(proof.value, await importJWK(key, proof.value.algorithm)))) return invalid('dpop_signature');
  const names = [bound.thumbprint, claims['jti']].filter((name) => typeof name === 'string');
  const first = await replays.first(bound.tenant, names, oldestMs + 2 * earliestMs);
  if (first === undefined) return refuse('identity-unavailable', { detail: 'replay_unknown' });
  return first ? undefined : invalid('dpop_replay');
}

function publicKeyOf(header: JsonObject, { algorithm }: Token): JWK | undefined {
  const given = header['jwk'];
  if (!isObject(given)) return undefined;
  const key: JWK = { ...given };
  return isPublicKey(key) && keyFits(key, algorithm) ? key : undefined;
}

function mismatchOf(claims: JsonObject, { method, url, token }: Credential, nowMs: number): string | undefined {
  const { htm, htu, iat, jti, ath } = claims;
  if (htm !== method) return 'dpop_htm';
  if (typeof htu !== 'string' || addressOf(htu) === undefined || addressOf(htu) !== addressOf(url)) return 'dpop_htu';
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return 'dpop_iat';
  if (iat * 1_000 < nowMs - oldestMs || iat * 1_000 > nowMs + earliestMs) return 'dpop_iat';
  if (typeof jti !== 'string' || jti === '' || jti.length > identifierLength) return 'dpop_jti';
  return ath === createHash('sha256').update(token).digest('base64url') ? undefined : 'dpop_ath';
}

/** Without query and fragment, and normalized as RFC 9449 asks. */
function addressOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url ? `${url.origin}${url.pathname}` : undefined;
}

function invalid(detail: string): Refusal {
  return refuse('credential-invalid', { detail });
}
