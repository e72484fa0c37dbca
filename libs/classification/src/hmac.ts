import { hash } from 'node:crypto';

/** Bytes of a block of SHA-256, and of its digest. */
const BLOCK = 64;
const DIGEST = 32;
/** Most values are far shorter; a longer one gets room of its own. */
const ROOM = 4_096;

const shared = Buffer.alloc(ROOM);
const outer = Buffer.alloc(BLOCK + DIGEST);

/** A key as RFC 2104 pads it, for the inner hash and for the outer one. */
interface Padded {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const padded = new WeakMap<Uint8Array, Padded>();

/**
 * HMAC-SHA-256 (RFC 2104) of the text in UTF-8, hex. The same as `createHmac`, at half its price for a short text: a finding
 * has one, and what `createHmac` sets up for a stream of updates costs more than the two hashes.
 */
export function hmacHex(key: Uint8Array, text: string): string {
  const pads = padded.get(key) ?? pad(key);
  const most = BLOCK + text.length * 3;
  const room = most <= ROOM ? shared : Buffer.alloc(most);
  room.set(pads.inner);
  const length = BLOCK + room.write(text, BLOCK, 'utf8');
  outer.set(pads.outer);
  outer.write(hash('sha256', room.subarray(0, length), 'latin1'), BLOCK, 'latin1');
  room.fill(0, 0, length);
  return hash('sha256', outer, 'hex');
}

function pad(key: Uint8Array): Padded {
  const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
  const made = { inner: Buffer.alloc(BLOCK, 0x36), outer: Buffer.alloc(BLOCK, 0x5c) };
  for (const [at, byte] of short.entries()) {
    made.inner[at]! ^= byte;
    made.outer[at]! ^= byte;
  }
  padded.set(key, made);
  return made;
}
