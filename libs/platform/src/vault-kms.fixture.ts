import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface VaultTwin {
  readonly url: string;
  /** Every call that was answered, as `decrypt writ:<context>`. */
  readonly calls: string[];
  /** A new version of the key; what the older ones made still opens. */
  rotate(): void;
  /** Blobs of older versions open no more. */
  retireBefore(version: number): void;
  /** As servers before associated data did: what was given is not looked at. */
  ignoreAssociatedData(ignored: boolean): void;
  /** From now on every call gets this status; undefined: none. 503 is what a sealed server says. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

interface Secrets {
  readonly token: string;
  readonly key: string;
  readonly namespace?: string;
}

type Answer = { readonly status: number; readonly json: object };
const refused = (status: number, why: string): Answer => ({ status, json: { errors: [why] } });

/**
 * The transit engine as far as encrypt and decrypt of an aes256-gcm96 key go: versions, associated data, a token, and errors
 * in its own form. It really seals: AES-256-GCM with a nonce of 96 bits before the text, as the engine does.
 */
export async function vaultTwin({ token, key, namespace }: Secrets): Promise<VaultTwin> {
  const versions = [randomBytes(32)];
  const calls: string[] = [];
  let failure: number | undefined;
  let oldest = 1;
  let isOld = false;
  const encrypt = (plaintext: string, bound: Buffer): Answer => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1) ?? Buffer.of(), nonce).setAAD(bound);
    const text = [cipher.update(Buffer.from(plaintext, 'base64')), cipher.final()];
    const sealed = Buffer.concat([nonce, ...text, cipher.getAuthTag()]).toString('base64');
    const version = versions.length;
    return { status: 200, json: { data: { ciphertext: `vault:v${version}:${sealed}`, key_version: version } } };
  };
  const decrypt = (ciphertext: string, bound: Buffer): Answer => {
    const [, number = '', sealed = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const version = versions[Number(number) - 1];
    if (version === undefined) return refused(400, 'invalid ciphertext: no prefix');
    if (Number(number) < oldest)
      return refused(400, 'ciphertext or signature version is disallowed by policy (too old)');
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', version, bytes.subarray(0, 12)).setAAD(bound);
      decipher.setAuthTag(bytes.subarray(-16));
      const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return { status: 200, json: { data: { plaintext: text.toString('base64') } } };
    } catch {
      return refused(400, 'cipher: message authentication failed');
    }
  };
  const answered = ({ method, url, headers }: IncomingMessage, body: Buffer): Answer => {
    if (failure !== undefined) return refused(failure, `Vault is sealed, and quotes ${body.toString('utf8')}`);
    const isKnown = headers['x-vault-token'] === token && headers['x-vault-namespace'] === namespace;
    if (!isKnown) return refused(403, 'permission denied');
    const input = JSON.parse(body.toString('utf8')) as Readonly<Record<string, string>>;
    const bound = Buffer.from(isOld ? '' : (input['associated_data'] ?? ''), 'base64');
    const operation = (url ?? '').split('/')[3] ?? '';
    if (method !== 'POST' || url !== `/v1/transit/${operation}/${key}`) return refused(404, 'no handler for route');
    calls.push(`${operation} ${bound.toString('utf8')}`);
    if (operation === 'encrypt') return encrypt(input['plaintext'] ?? '', bound);
    return operation === 'decrypt' ? decrypt(input['ciphertext'] ?? '', bound) : refused(404, 'no handler for route');
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => {
      const { status, json } = answered(request, Buffer.concat(pieces));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    rotate: () => void versions.push(randomBytes(32)),
    retireBefore: (version) => {
      oldest = version;
    },
    ignoreAssociatedData: (ignored) => {
      isOld = ignored;
    },
    fail: (status) => {
      failure = status;
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
