import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, sha256, toBase64Url, utf8 } from './bytes.js';

/** Bytes no one can guess; injected, so that vectors are reproducible. */
export type RandomBytes = (length: number) => Uint8Array;

const commitmentDomain = 'writ/v1\0';
const saltDomain = 'writ/salt/v1\0';
const version = Uint8Array.of(1);

/** HMAC-SHA-256(salt, "writ/v1" NUL field NUL value): says nothing of the value until its salt is disclosed. */
export function commitTo(field: string, value: string, salt: Uint8Array): Uint8Array {
  return hmac(salt, utf8(`${commitmentDomain}${field}\0${value}`));
}

/**
 * HMAC-SHA-256 (RFC 2104) of the parts after each other, for keys of 32 bytes, from two hashes: a decision needs a dozen, and
 * the built-in Hmac object costs twice as much.
 */
export function hmac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array {
  if (key.length !== 32) throw new Error('a key of 32 bytes is needed');
  for (let at = 0; at < 64; at += 1) {
    const byte = at < 32 ? (key[at] ?? 0) : 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return sha256(outer, sha256(inner, ...message));
}

/** Used within one call only. */
const inner = new Uint8Array(64);
const outer = new Uint8Array(64);

/** Every field has its own salt, so that disclosing one discloses no other. */
export function saltOf(seed: Uint8Array, field: string): Uint8Array {
  return sha256(seed, utf8(`${saltDomain}${field}`));
}

export interface Sealed {
  /** 0x01, nonce (12), ciphertext, tag (16). */
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
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
  const fields = Object.keys(content.values).toSorted();
  const plain = JSON.stringify({ seed: toBase64Url(content.seed), values: content.values });
  const bytes = concat([version, ...encrypt(recordKey, sealContext(origin, record, fields), utf8(plain), random)]);
  return {
    bytes,
    sha256: sha256(bytes),
    wrappedKey: concat(encrypt(contentKey, keyContext(origin, record), recordKey, random)),
  };
}

/** Throws when any byte, the place or a key is wrong. `fields` are the sealed field names that the leaf lists. */
export function unseal(
  sealed: Uint8Array,
  wrappedKey: Uint8Array,
  place: { readonly origin: string; readonly record: string; readonly fields: readonly string[] },
  contentKey: Uint8Array,
): SealedContent {
  if (sealed[0] !== 1) throw new Error('the sealed content has an unknown version');
  const recordKey = decrypt(contentKey, keyContext(place.origin, place.record), wrappedKey);
  const plain = decrypt(recordKey, sealContext(place.origin, place.record, place.fields), sealed.subarray(1));
  const parsed = JSON.parse(Buffer.from(plain).toString('utf8')) as { seed: string; values: Record<string, string> };
  return { seed: Buffer.from(parsed.seed, 'base64url'), values: parsed.values };
}

function keyContext(origin: string, record: string): string {
  return `writ/record-key/v1\n${origin}\n${record}`;
}

/** Nonce, ciphertext, tag. */
function encrypt(key: Uint8Array, context: string, plain: Uint8Array, random: RandomBytes): readonly Uint8Array[] {
  const nonce = random(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const body = cipher.update(plain);
  cipher.final();
  return [nonce, body, cipher.getAuthTag()];
}

function decrypt(key: Uint8Array, context: string, box: Uint8Array): Uint8Array {
  if (box.length < 28) throw new Error('the sealed content is cut short');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(box.subarray(box.length - 16));
  return concat([decipher.update(box.subarray(12, box.length - 16)), decipher.final()]);
}
