import { createHash, timingSafeEqual } from 'node:crypto';
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { type Kms, KmsFailure } from './kms.js';

/** Stands in front of every blob of this driver. */
export const vaultFormat = 'v1';
const callMs = 3_000;
const mostAnswerBytes = 64 * 1024;

export interface VaultKmsOptions {
  readonly address: string;
  readonly mount: string;
  readonly key: string;
  readonly namespace?: string | undefined;
  readonly token: () => string;
  /** Guarded: the address is configuration of the operator, and still checked when it is dialled. */
  readonly dispatcher: Dispatcher;
}

const encrypted = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:[A-Za-z0-9+/=]+$/) }) });
const decrypted = z.object({ data: z.object({ plaintext: z.base64() }) });

/**
 * The transit engine of HashiCorp Vault, or of OpenBao, under one key of type aes256-gcm96, which never leaves the server. The
 * context is the associated data, so the server itself refuses a blob in another one; its digest is sealed with the text too, for
 * a server that is too old to know associated data. A blob names the version of the key that
 * made it: after a rotation older ones still open, until the server's `min_decryption_version` says no.
 */
export function vaultKms({ address, mount, key, namespace, token, dispatcher }: VaultKmsOptions): Kms {
  const call = async (operation: 'encrypt' | 'decrypt', input: object): Promise<unknown> => {
    const url = new URL(`/v1/${mount}/${operation}/${key}`, address);
    const headers = {
      'content-type': 'application/json',
      'x-vault-token': token(),
      'x-vault-request': 'true',
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    };
    const body = JSON.stringify(input);
    const signal = AbortSignal.timeout(callMs);
    const response = await request(url, { method: 'POST', headers, body, dispatcher, signal });
    // Its own words may quote what was sent; the status tells who must mend it: 403 the policy of the token, 503 a seal.
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new KmsFailure(operation, `HTTP ${response.statusCode}`);
    }
    return parsed(operation, await textOf(operation, response.body));
  };
  return {
    async wrap(context, plain) {
      const input = { plaintext: Buffer.concat([digestOf(context), plain]).toString('base64'), ...bound(context) };
      const known = encrypted.safeParse(await call('encrypt', input));
      if (!known.success) throw new KmsFailure('encrypt', 'an answer that is none');
      return `${vaultFormat}.${Buffer.from(known.data.data.ciphertext).toString('base64url')}`;
    },
    async unwrap(context, blob) {
      const [made, body] = blob.split('.');
      if (made !== vaultFormat || body === undefined) throw new Error('this blob was not wrapped by a transit engine');
      const ciphertext = Buffer.from(body, 'base64url').toString('utf8');
      const known = decrypted.safeParse(await call('decrypt', { ciphertext, ...bound(context) }));
      if (!known.success) throw new KmsFailure('decrypt', 'an answer that is none');
      const bytes = Buffer.from(known.data.data.plaintext, 'base64');
      const digest = digestOf(context);
      if (bytes.length < digest.length || !timingSafeEqual(bytes.subarray(0, digest.length), digest))
        throw new KmsFailure('decrypt', 'a text of another context');
      return bytes.subarray(digest.length);
    },
  };
}

const bound = (context: string): object => ({ associated_data: Buffer.from(`writ:${context}`).toString('base64') });

function digestOf(context: string): Buffer {
  return createHash('sha256').update(`writ/kms\0${context}`).digest();
}

async function textOf(operation: string, body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > mostAnswerBytes) throw new KmsFailure(operation, 'an answer that does not end');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(operation: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KmsFailure(operation, 'an answer that is none');
  }
}
