import { createHash } from 'node:crypto';
import { type Result, err, ok } from '@writ/domain';
import { decodeLeaves } from './decode-leaf.js';
import { ImageReader } from './image-reader.js';
import type { PolicyImage } from './image.js';

/**
 * An image as bytes, to be stored under its hash, signed by whoever publishes, and loaded by processes that never see the
 * document: [32 bytes SHA-256 of the rest][4 bytes length of the head][head: JSON of name, version and hash][words].
 */
export function packImage({ name, version, hash, words }: PolicyImage): Uint8Array {
  const head = Buffer.from(JSON.stringify({ name, version, hash }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const code = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) code.writeInt32LE(word, index * 4);
  const rest = Buffer.concat([length, head, code]);
  return Buffer.concat([createHash('sha256').update(rest).digest(), rest]);
}

/** Loads what `packImage` wrote. One changed bit, or one index that leads out of the image, and nothing is loaded. */
export function unpackImage(bytes: Uint8Array): Result<PolicyImage, string> {
  const buffer = Buffer.from(bytes);
  const rest = buffer.subarray(32);
  if (rest.length < 4 || !createHash('sha256').update(rest).digest().equals(buffer.subarray(0, 32))) {
    return err('the packed policy does not match its hash');
  }
  const headLength = rest.readUInt32LE(0);
  const code = rest.subarray(4 + headLength);
  if (headLength > rest.length - 4 || code.length % 4 !== 0) return err('the packed policy is cut short');
  const words = new Int32Array(new SharedArrayBuffer(code.length));
  for (let index = 0; index < words.length; index += 1) words[index] = code.readInt32LE(index * 4);
  try {
    const head = readHead(rest.subarray(4, 4 + headLength).toString());
    if (head === undefined) return err('the packed policy does not say what it is');
    const reader = new ImageReader(words);
    for (let rule = 0; rule < reader.rules; rule += 1) {
      reader.id(rule);
      reader.asks(rule);
      decodeLeaves(reader, rule);
    }
    return ok(Object.freeze({ ...head, words }));
  } catch {
    return err('the packed policy cannot be read');
  }
}

function readHead(text: string): Omit<PolicyImage, 'words'> | undefined {
  const { name, version, hash } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const isHead = typeof name === 'string' && typeof version === 'number' && typeof hash === 'string';
  return isHead ? { name, version, hash } : undefined;
}
