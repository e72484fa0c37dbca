import { createHash } from 'node:crypto';
import { err, limits, ok, type JsonObject, type JsonValue, type Result } from '@writ/domain';
import { isSignatureAlgorithm } from './algorithms.js';
import { parseStrictJson } from './strict-json.js';

/** A JSON Web Token that was read but not believed. */
export interface Token {
  readonly text: string;
  /** SHA-256 of the whole text, hex. */
  readonly sha256: string;
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

const bounds = { depth: 12, values: 4_096 };
const keyIdLength = 256;
const segments = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * Reads a compact JWS, and refuses what no connection could ever accept, before any key or issuer is looked up. `jku`,
 * `x5u`, `x5c` and `jwk` are not read at all: keys come from the connection. The error is a stable code.
 */
export function readToken(text: string): Result<Token, string> {
  if (text.length > limits.credentialBytes) return err('token_size');
  const parts = segments.exec(text);
  if (!parts) return err('token_malformed');
  const header = readPart(parts[1]!);
  const claims = readPart(parts[2]!);
  if (!header || !claims) return err('token_json');
  if (!isSignatureAlgorithm(header['alg'])) return err('token_alg');
  // RFC 7515 section 4.1.11: we understand no extension, RFC 7797's unencoded payload among them.
  if (header['crit'] !== undefined || header['b64'] !== undefined) return err('token_crit');
  const keyId = header['kid'];
  if (keyId !== undefined && !isKeyId(keyId)) return err('token_kid');
  return ok({ text, sha256: sha256Hex(text), algorithm: header['alg'], keyId, header, claims });
}

/** A key id is only ever the key of a map; whatever else it spells is refused before it gets there. */
function isKeyId(value: JsonValue): value is string {
  return typeof value === 'string' && value !== '' && value.length <= keyIdLength && !hasControls(value);
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function readPart(part: string): JsonObject | undefined {
  const bytes = Buffer.from(part, 'base64url');
  // One spelling only: bits left over in the last letter would give one token many texts.
  if (bytes.toString('base64url') !== part) return undefined;
  const text = decodeUtf8(bytes);
  const parsed = text === undefined ? undefined : parseStrictJson(text, bounds);
  return parsed?.ok && isObject(parsed.value) ? parsed.value : undefined;
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
