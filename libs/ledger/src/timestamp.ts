import { X509Certificate, verify } from 'node:crypto';
import { concat, sameBytes, sha256, toHex } from './bytes.js';

/** RFC 3161: who says that a digest existed at a time. The adapter sends the request as `application/timestamp-query`. */
export interface TimestampPort {
  stamp(request: Uint8Array): Promise<Uint8Array>;
}

/** What a token says, once it was checked against the authority's certificate. */
export interface Timestamp {
  readonly atMs: number;
  readonly serial: string;
}

/** A DER value: its tag, its content, and all of its bytes. */
interface Der {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

const oids = {
  sha256: '608648016503040201',
  signedData: '2a864886f70d010702',
  timestampInfo: '2a864886f70d0109100104',
  messageDigest: '2a864886f70d010904',
} as const;

/** The query for a digest: version 1, SHA-256, our nonce, and the certificate with the answer. */
export function timestampRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  const algorithm = der(0x30, der(0x06, Buffer.from(oids.sha256, 'hex')), der(0x05));
  const imprint = der(0x30, algorithm, der(0x04, digest));
  return der(0x30, integer(Uint8Array.of(1)), imprint, integer(nonce), der(0x01, Uint8Array.of(0xff)));
}

/**
 * Undefined unless the answer grants a token for this digest whose signature is by the given certificate. The certificate
 * comes from outside: whoever verifies decides which authority to believe.
 */
export function readTimestamp(
  response: Uint8Array,
  digest: Uint8Array,
  authority: X509Certificate,
): Timestamp | undefined {
  try {
    const [status, token] = children(parse(response));
    const granted = status && children(status)[0];
    if (!granted || granted.content.length !== 1 || (granted.content[0] as number) > 1 || !token) return undefined;
    const [type, signedData] = children(token);
    if (!isOid(type, oids.signedData) || !signedData) return undefined;
    const [, , encapsulated, ...rest] = children(child(signedData, 0));
    const [contentType, wrapped] = children(must(encapsulated));
    if (!isOid(contentType, oids.timestampInfo)) return undefined;
    const info = child(must(wrapped), 0).content;
    const signer = child(must(rest.at(-1)), 0);
    return isSignedBy(signer, info, authority) ? timestampOf(info, digest) : undefined;
  } catch {
    return undefined;
  }
}

/** CMS (RFC 5652, 5.4): the signature is over the signed attributes as a SET, and those hold the content's digest. */
function isSignedBy(signer: Der, info: Uint8Array, authority: X509Certificate): boolean {
  const parts = children(signer);
  const attributes = parts.find(({ tag }) => tag === 0xa0);
  const signature = parts.findLast(({ tag }) => tag === 0x04);
  const algorithm = parts[2] && children(parts[2])[0];
  if (!attributes || !signature || !isOid(algorithm, oids.sha256)) return false;
  const named = children(attributes).find((attribute) => isOid(children(attribute)[0], oids.messageDigest));
  const found = named && child(must(children(named)[1]), 0).content;
  if (!found || !sameBytes(found, sha256(info))) return false;
  const signed = concat([Uint8Array.of(0x31), attributes.whole.subarray(1)]);
  return verify('sha256', signed, authority.publicKey, signature.content);
}

function timestampOf(info: Uint8Array, digest: Uint8Array): Timestamp | undefined {
  const [, , imprint, serial, time] = children(parse(info));
  const [algorithm, hashed] = children(must(imprint));
  const isOurs = isOid(children(must(algorithm))[0], oids.sha256) && sameBytes(must(hashed).content, digest);
  const text = Buffer.from(must(time).content).toString('latin1');
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text);
  if (!isOurs || !match) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const atMs = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
  return { atMs, serial: toHex(must(serial).content) };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(parts);
  if (content.length >= 0x80) throw new RangeError('a timestamp query is shorter than 128 bytes');
  return concat([Uint8Array.of(tag, content.length), content]);
}

/** A positive INTEGER in its shortest form. */
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const short = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return der(0x02, (short[0] as number) >= 0x80 ? concat([Uint8Array.of(0), short]) : short);
}

function parse(bytes: Uint8Array, at = 0): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new RangeError('the DER is cut short');
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count < 1 || count > 4) throw new RangeError('the DER has an unusable length');
    length = Number.parseInt(toHex(bytes.subarray(start, start + count)), 16);
    start += count;
  }
  if (start + length > bytes.length) throw new RangeError('the DER is cut short');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

function children({ content }: Der): readonly Der[] {
  const found: Der[] = [];
  for (let at = 0; at < content.length;) {
    const next = parse(content, at);
    found.push(next);
    at += next.whole.length;
  }
  return found;
}

function child(parent: Der, at: number): Der {
  return must(children(parent)[at]);
}

function must(value: Der | undefined): Der {
  if (!value) throw new RangeError('the DER lacks a part');
  return value;
}

function isOid(value: Der | undefined, hex: string): boolean {
  return value?.tag === 0x06 && toHex(value.content) === hex;
}
