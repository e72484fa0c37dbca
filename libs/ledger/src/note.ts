import { createPublicKey, verify } from 'node:crypto';
import { concat, fromBase64, sha256, toBase64, utf8 } from './bytes.js';

/** C2SP signed-note: a text, an empty line, and one line per signature: `— <key name> <base64(key id || signature)>`. */
export interface NoteSignature {
  readonly name: string;
  /** First four bytes of the key's hash. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** The signed text, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export const ed25519Algorithm = 0x01;
export const cosignatureAlgorithm = 0x04;

/** SHA-256(name || LF || algorithm || key), first four bytes. */
export function noteKeyId(name: string, publicKey: Uint8Array, algorithm: number = ed25519Algorithm): Uint8Array {
  return sha256(utf8(name), Uint8Array.of(0x0a, algorithm), publicKey).subarray(0, 4);
}

/** The key as people pass it around: `<name>+<hex key id>+<base64(algorithm || key)>`. */
export function verifierKey(name: string, publicKey: Uint8Array, algorithm: number = ed25519Algorithm): string {
  const id = Buffer.from(noteKeyId(name, publicKey, algorithm)).toString('hex');
  return `${name}+${id}+${toBase64(concat([Uint8Array.of(algorithm), publicKey]))}`;
}

export function signatureLine(name: string, keyId: Uint8Array, signature: Uint8Array): string {
  return `\u2014 ${name} ${toBase64(concat([keyId, signature]))}\n`;
}

/** Undefined when the text is not exactly a signed note; a verifier must not be lenient. */
export function parseNote(note: string): SignedNote | undefined {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const match = /^\u2014 ([^\s+]+) (\S+)$/.exec(line);
    const blob = match ? fromBase64(match[2] as string) : undefined;
    if (!match || !blob || blob.length < 5) return undefined;
    signatures.push({ name: match[1] as string, keyId: blob.subarray(0, 4), signature: blob.subarray(4) });
  }
  return { text, signatures };
}

/** Ed25519 with the raw 32-byte public key. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return verify(null, message, publicKeyOf(publicKey), signature);
}

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keysHeld = new Map<string, ReturnType<typeof createPublicKey>>();

/** The raw 32-byte key for `node:crypto`. Parsing costs more than a signature's hash, so the few keys of a log are parsed once. */
export function publicKeyOf(raw: Uint8Array): ReturnType<typeof createPublicKey> {
  const name = toBase64(raw);
  const held = keysHeld.get(name);
  if (held) return held;
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
  if (keysHeld.size >= 1_024) keysHeld.clear();
  keysHeld.set(name, key);
  return key;
}
