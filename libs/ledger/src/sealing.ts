import { createCipheriv, createDecipheriv, createHash, hash } from 'node:crypto';
import { concat, sha256, sha256Hex, toBase64Url } from './bytes.js';
import { namesInOrder } from './canonical-json.js';

/** Bytes no one can guess; injected, so that vectors are reproducible. */
export type RandomBytes = (length: number) => Uint8Array;

const commitmentDomain = 'writ/v1\0';
const saltDomain = 'writ/salt/v1\0';
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** HMAC-SHA-256(salt, "writ/v1" NUL field NUL value): says nothing of the value until its salt is disclosed. */
export function commitTo(field: string, value: string, salt: Uint8Array): Uint8Array {
  return Buffer.from(commit(field, value, salt, 'latin1'), 'latin1');
}

/** The commitment to a value under its field's own salt, as a leaf names it: base64url. */
export function commitment(seed: Uint8Array, field: string, value: string): string {
  saltRoom.write(saltText(seed, field), 0, 'latin1');
  return commit(field, value, saltRoom, 'base64url');
}

/** Every field has its own salt, so that disclosing one discloses no other. */
export function saltOf(seed: Uint8Array, field: string): Uint8Array {
  return Buffer.from(saltText(seed, field), 'latin1');
}

function saltText(seed: Uint8Array, field: string): string {
  inner.set(seed);
  const length = seed.length + inner.write(`${saltDomain}${field}`, seed.length, 'utf8');
  return hash('sha256', inner.subarray(0, length), 'latin1');
}

const blockBytes = 64;
/** A padded key and what is hashed behind it, a message or the inner digest; used within one call only. */
const inner = Buffer.allocUnsafeSlow(32_768);
const outer = Buffer.allocUnsafeSlow(blockBytes + 32);
const saltRoom = Buffer.allocUnsafeSlow(32);

/**
 * HMAC-SHA-256 (RFC 2104) of the parts after each other, for keys of 32 bytes, from two hashes: a decision needs a dozen, and
 * the built-in Hmac object costs twice as much.
 */
export function hmac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array {
  pad(key);
  outer.set(sha256(inner.subarray(0, blockBytes), ...message), blockBytes);
  return sha256(outer);
}

function commit(field: string, value: string, salt: Uint8Array, encoding: 'latin1' | 'base64url'): string {
  pad(salt);
  outer.write(innerDigest(`${commitmentDomain}${field}\0`, value), blockBytes, 'latin1');
  return hash('sha256', outer, encoding);
}

/** Of the padded key and the two texts; neither is copied but into the place where it is hashed. */
function innerDigest(head: string, text: string): string {
  if (blockBytes + (head.length + text.length) * 3 > inner.length)
    return createHash('sha256').update(inner.subarray(0, blockBytes)).update(head).update(text).digest('latin1');
  let length = blockBytes + inner.write(head, blockBytes, 'utf8');
  length += inner.write(text, length, 'utf8');
  return hash('sha256', inner.subarray(0, length), 'latin1');
}

function pad(key: Uint8Array): void {
  if (key.length !== 32) throw new Error('a key of 32 bytes is needed');
  for (let at = 0; at < blockBytes; at += 1) {
    const byte = at < 32 ? (key[at] ?? 0) : 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
}

export interface Sealed {
  /** 0x01, nonce (12), ciphertext, tag (16). */
  readonly bytes: Uint8Array;
  /** Of these bytes, hex. */
  readonly sha256: string;
  /** The names of the values, sorted. */
  readonly fields: readonly string[];
  /** Nonce (12), ciphertext (32), tag (16) of the record key under the tenant's content key. */
  readonly wrappedKey: Uint8Array;
}

export interface SealedContent {
  readonly seed: Uint8Array;
  readonly values: Readonly<Record<string, string>>;
}

/** The names of the sealed values are authenticated with the origin and the record, so that no blob fits elsewhere. */
export function sealContext(origin: string, record: string, fields: readonly string[]): string {
  return `${origin}\n${record}\n${fields.join(',')}`;
}

/** Seals values and salt seed under a fresh key: destroying the wrapped key destroys them and leaves every proof intact. */
export function seal(
  content: SealedContent,
  origin: string,
  record: string,
  contentKey: Uint8Array,
  random: RandomBytes,
): Sealed {
  const recordKey = random(32);
  const fields = namesInOrder(content.values);
  const plain = JSON.stringify({ seed: toBase64Url(content.seed), values: content.values });
  const bytes = encrypt(recordKey, sealContext(origin, record, fields), plain, random, 1);
  bytes[0] = version;
  const wrappedKey = encrypt(contentKey, keyContext(origin, record), recordKey, random);
  return { bytes, sha256: sha256Hex(bytes), fields, wrappedKey };
}

/** Throws when any byte, the place or a key is wrong. `fields` are the sealed field names that the leaf lists. */
export function unseal(
  sealed: Uint8Array,
  wrappedKey: Uint8Array,
  place: { readonly origin: string; readonly record: string; readonly fields: readonly string[] },
  contentKey: Uint8Array,
): SealedContent {
  if (sealed[0] !== version) throw new Error('the sealed content has an unknown version');
  const recordKey = decrypt(contentKey, keyContext(place.origin, place.record), wrappedKey);
  const plain = decrypt(recordKey, sealContext(place.origin, place.record, place.fields), sealed.subarray(1));
  const parsed = JSON.parse(Buffer.from(plain).toString('utf8')) as { seed: string; values: Record<string, string> };
  return { seed: Buffer.from(parsed.seed, 'base64url'), values: parsed.values };
}

function keyContext(origin: string, record: string): string {
  return `writ/record-key/v1\n${origin}\n${record}`;
}

/** Nonce, ciphertext, tag, with room for so many bytes before them. */
function encrypt(
  key: Uint8Array,
  context: string,
  plain: string | Uint8Array,
  random: RandomBytes,
  before = 0,
): Uint8Array {
  const nonce = random(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const body = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain);
  cipher.final();
  const box = Buffer.allocUnsafe(before + nonceBytes + body.length + tagBytes);
  box.set(nonce, before);
  box.set(body, before + nonceBytes);
  box.set(cipher.getAuthTag(), before + nonceBytes + body.length);
  return box;
}

function decrypt(key: Uint8Array, context: string, box: Uint8Array): Uint8Array {
  if (box.length < nonceBytes + tagBytes) throw new Error('the sealed content is cut short');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(box.subarray(box.length - tagBytes));
  return concat([decipher.update(box.subarray(nonceBytes, box.length - tagBytes)), decipher.final()]);
}
