import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

export function privateKeyIn(file: string): KeyObject {
  return createPrivateKey(readFileSync(file, 'utf8'));
}

export function publicKeyIn(file: string): KeyObject {
  return createPublicKey(readFileSync(file, 'utf8'));
}

/** 32 bytes, base64. */
export function masterKeyIn(file: string): Uint8Array {
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
}
