import { fromBase64Url, toBase64Url, utf8 } from './bytes.js';
import { verifyEd25519 } from './note.js';

export type StatementType =
  'writ-record+jws' | 'writ-record+batch' | 'writ-keyset+jws' | 'writ-enrolment+jws' | 'writ-manifest+jws';

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

/** A signature of 64 bytes in base64url. */
const signatureUnits = 86;
/** No statement is longer: a manifest of some million files. */
const longest = 2 ** 28;

/** Undefined unless the bytes are exactly what `signJws` writes for this type; the algorithm is fixed, never chosen. */
export function parseJws(compact: Uint8Array, type: StatementType): ParsedJws | undefined {
  const parts = parseCompact(compact, type, signatureUnits);
  return parts && { keyId: parts.keyId, payload: parts.payload, signature: parts.tail, signedPart: parts.signedPart };
}

/** Header, payload and what vouches for them, as in a compact JWS; the last part has a fixed length in base64url. */
export function parseCompact(
  compact: Uint8Array,
  type: StatementType,
  tailUnits: number,
): (Omit<ParsedJws, 'signature'> & { readonly tail: Uint8Array }) | undefined {
  if (compact.length > longest) return undefined;
  const text = Buffer.from(compact.buffer, compact.byteOffset, compact.length).toString('latin1');
  const dot = text.indexOf('.');
  const end = text.length - tailUnits - 1;
  if (dot < 0 || end <= dot + 1 || text.charAt(end) !== '.') return undefined;
  const keyId = keyIdIn(text.slice(0, dot), type);
  // One spelling only: base64url that decodes and encodes to itself has no other character, and no dot.
  const payload = keyId === undefined ? undefined : fromBase64Url(text.slice(dot + 1, end));
  const tail = payload && fromBase64Url(text.slice(end + 1));
  if (keyId === undefined || !payload || !tail) return undefined;
  return { keyId, payload, tail, signedPart: compact.subarray(0, end) };
}

/** Headers that were read before: a log has one for each writer, and each takes longer to read than to look up. */
const headersRead = new Map<string, { readonly type: StatementType; readonly keyId: string }>();

function keyIdIn(headerText: string, type: StatementType): string | undefined {
  const read = headersRead.get(headerText);
  if (read) return read.type === type ? read.keyId : undefined;
  const header = fromBase64Url(headerText);
  const keyId =
    header && /^\{"alg":"Ed25519","kid":"([0-9a-f]{16})",/.exec(Buffer.from(header).toString('latin1'))?.[1];
  if (!keyId || jwsHeader(keyId, type) !== headerText) return undefined;
  if (headersRead.size >= 1_024) headersRead.clear();
  headersRead.set(headerText, { type, keyId });
  return keyId;
}

export function verifyJws(jws: ParsedJws, publicKey: Uint8Array): boolean {
  return verifyEd25519(publicKey, jws.signedPart, jws.signature);
}
