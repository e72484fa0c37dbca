import { fromBase64Url, toBase64Url, utf8 } from './bytes.js';
import { verifyEd25519 } from './note.js';

export type StatementType = 'writ-record+jws' | 'writ-keyset+jws' | 'writ-enrolment+jws' | 'writ-manifest+jws';

/** The protected header of every statement here: exactly these bytes, so that a verifier compares instead of parsing. */
export function jwsHeader(keyId: string, type: StatementType): string {
  return toBase64Url(utf8(`{"alg":"Ed25519","kid":"${keyId}","typ":"${type}"}`));
}

/** RFC 7515 compact serialization, signed with Ed25519 (RFC 9864 name). */
export function signJws(header: string, payload: string, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const input = `${header}.${toBase64Url(utf8(payload))}`;
  return utf8(`${input}.${toBase64Url(sign(utf8(input)))}`);
}

export interface ParsedJws {
  readonly keyId: string;
  readonly payload: Uint8Array;
  readonly signedPart: Uint8Array;
  readonly signature: Uint8Array;
}

/** Undefined unless the bytes are exactly what `signJws` writes for this type; the algorithm is fixed, never chosen. */
export function parseJws(compact: Uint8Array, type: StatementType): ParsedJws | undefined {
  const text = Buffer.from(compact.buffer, compact.byteOffset, compact.length).toString('latin1');
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/.exec(text);
  if (!match) return undefined;
  const [, headerText, payloadText, signatureText] = match as unknown as [string, string, string, string];
  const header = fromBase64Url(headerText);
  const payload = fromBase64Url(payloadText);
  const signature = fromBase64Url(signatureText);
  const keyId =
    header && /^\{"alg":"Ed25519","kid":"([0-9a-f]{16})",/.exec(Buffer.from(header).toString('latin1'))?.[1];
  if (!payload || !signature || !keyId || jwsHeader(keyId, type) !== headerText) return undefined;
  return { keyId, payload, signature, signedPart: compact.subarray(0, compact.length - 87) };
}

export function verifyJws(jws: ParsedJws, publicKey: Uint8Array): boolean {
  return verifyEd25519(publicKey, jws.signedPart, jws.signature);
}
