import { hash } from 'node:crypto';
import { endianness } from 'node:os';
import { type Result, err, ok } from '@writ/domain';
import { checkCode } from './check-code.js';
import { readerOf } from './image-reader.js';
import type { PolicyImage } from './image.js';
import { header, magic } from './layout.js';
import { schemaVersion } from './schema-version.js';

/**
 * An image as bytes, to be stored under its hash, signed by whoever publishes, and loaded by processes that never see the
 * document: [32 bytes SHA-256 of the rest][4 bytes length of the head][head: JSON of name, version and hash][words].
 */
export function packImage({ name, version, hash: semantic, words }: PolicyImage): Uint8Array {
  const head = Buffer.from(JSON.stringify({ name, version, hash: semantic }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const code = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) code.writeInt32LE(word, index * 4);
  const rest = Buffer.concat([length, head, code]);
  return Buffer.concat([digestOf(rest), rest]);
}

/** `damaged`: nothing may be decided by it. `other-layout`: whole, but of another release; its document is compiled instead. */
export type UnpackRefusal = 'damaged' | 'other-layout';

/** Loads what `packImage` wrote. One changed bit, or one index that leads out of the image, and nothing is loaded. */
export function unpackImage(bytes: Uint8Array): Result<PolicyImage, UnpackRefusal> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rest = buffer.subarray(32);
  if (rest.length < 4 || !digestOf(rest).equals(buffer.subarray(0, 32))) return err('damaged');
  const headLength = rest.readUInt32LE(0);
  const code = rest.subarray(4 + headLength);
  if (headLength > rest.length - 4 || code.length % 4 !== 0) return err('damaged');
  const words = new Int32Array(new SharedArrayBuffer(code.length));
  const own = Buffer.from(words.buffer);
  own.set(code);
  if (endianness() === 'BE') own.swap32();
  if (words[header.magic] !== magic || words[header.schema] !== schemaVersion) return err('other-layout');
  try {
    const head = readHead(rest.subarray(4, 4 + headLength).toString());
    if (head === undefined) return err('damaged');
    checkCode(readerOf(words));
    return ok(Object.freeze({ ...head, words }));
  } catch {
    return err('damaged');
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

function readHead(text: string): Omit<PolicyImage, 'words'> | undefined {
  const { name, version, hash: semantic } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const isHead = typeof name === 'string' && typeof version === 'number' && typeof semantic === 'string';
  return isHead ? { name, version, hash: semantic } : undefined;
}
