import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Kms, guardedDispatcher, openKms } from '@writ/platform';
import type { WorkerSettings } from './settings.js';

export function privateKeyIn(file: string): KeyObject {
  return createPrivateKey(readFileSync(file, 'utf8'));
}

export function publicKeyIn(file: string): KeyObject {
  return createPublicKey(readFileSync(file, 'utf8'));
}

/** What unwraps the tenants' keys for this process. */
export function kmsIn(settings: Pick<WorkerSettings, 'masterKeyFile' | 'kmsFile' | 'egressAllowHosts'>): Kms {
  const dispatcher = guardedDispatcher({ allowHosts: settings.egressAllowHosts, connectMs: 3_000, headersMs: 5_000 });
  return openKms(masterKeyIn(settings.masterKeyFile ?? ''), settings.kmsFile, dispatcher);
}

/** 32 bytes, base64. */
export function masterKeyIn(file: string): Uint8Array {
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
}
