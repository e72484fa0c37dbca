import { type KeyObject, createPublicKey, sign } from 'node:crypto';
import { sha256, toHex } from './bytes.js';

/** A gateway process's key: it signs every record the process writes, for at most 24 hours. */
export interface WriterSigner {
  /** The enrolled writer id, `[a-z0-9][a-z0-9.-]{0,62}`; lanes are `<id>/<n>`. */
  readonly id: string;
  /** `kid` of the JWS header: see `keyId`. */
  readonly keyId: string;
  /** Ed25519 over the bytes, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** A sequencer's key: it signs the checkpoints of every tenant of its shard, under each tenant's origin as key name. */
export interface LogSigner {
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** 16 hex digits of the SHA-256 of the raw public key. */
export function keyId(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey)).slice(0, 16);
}

/** The 32 raw bytes of an Ed25519 key, private or public. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(spki.length - 32));
}

export function logSigner(privateKey: KeyObject): LogSigner {
  return { publicKey: rawPublicKey(privateKey), sign: (bytes) => sign(null, bytes, privateKey) };
}

export function writerSigner(id: string, privateKey: KeyObject): WriterSigner {
  return { id, keyId: keyId(rawPublicKey(privateKey)), sign: (bytes) => sign(null, bytes, privateKey) };
}

/** A key that signs statements: the deployment's root, its writer authority, its exporter. */
export interface StatementSigner {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

export function statementSigner(privateKey: KeyObject): StatementSigner {
  const publicKey = rawPublicKey(privateKey);
  return { keyId: keyId(publicKey), publicKey, sign: (bytes) => sign(null, bytes, privateKey) };
}
