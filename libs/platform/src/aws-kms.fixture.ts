import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KmsTwin {
  readonly url: string;
  /** Every call that was answered, as `Decrypt writ=<context>`. */
  readonly calls: string[];
  /** From now on every call gets this error of the service; undefined: none. */
  fail(code: string | undefined): void;
  close(): Promise<void>;
}

const refused = (code: string): { readonly status: number; readonly json: object } => ({
  status: 400,
  json: { __type: `com.amazonaws.kms#${code}`, message: 'words that may quote the request' },
});

interface Secrets {
  readonly keyArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * AWS KMS as far as Encrypt and Decrypt go: it checks Signature Version 4 by its own arithmetic (AWS General Reference,
 * "Create a signed request"), binds blobs to their encryption context, and answers errors in the service's own form.
 */
export async function kmsTwin(secrets: Secrets): Promise<KmsTwin> {
  const key = randomBytes(32);
  const calls: string[] = [];
  let failure: string | undefined;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      const { status, json } = answered(request, body);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(json));
    });
  });
  function answered(request: IncomingMessage, body: Buffer): { readonly status: number; readonly json: object } {
    if (!isSigned(request, body, secrets)) return refused('InvalidSignatureException');
    if (failure !== undefined) return refused(failure);
    const input = JSON.parse(body.toString('utf8')) as Record<string, string> & { EncryptionContext: object };
    const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
    calls.push(`${operation} writ=${(input.EncryptionContext as { writ: string }).writ}`);
    const context = Buffer.from(JSON.stringify(input.EncryptionContext));
    if (input['KeyId'] !== secrets.keyArn) return refused('NotFoundException');
    if (operation === 'Encrypt') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context);
      const text = [cipher.update(Buffer.from(input['Plaintext'] ?? '', 'base64')), cipher.final()];
      const blob = Buffer.concat([nonce, ...text, cipher.getAuthTag()]).toString('base64');
      return { status: 200, json: { CiphertextBlob: blob, KeyId: secrets.keyArn } };
    }
    const blob = Buffer.from(input['CiphertextBlob'] ?? '', 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12)).setAAD(context);
      decipher.setAuthTag(blob.subarray(-16));
      const text = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]);
      return { status: 200, json: { Plaintext: text.toString('base64'), KeyId: secrets.keyArn } };
    } catch {
      return refused('InvalidCiphertextException');
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    fail: (code) => {
      failure = code;
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

function isSigned({ method, url, headers }: IncomingMessage, body: Buffer, secrets: Secrets): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([a-z0-9-]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  const [, accessKeyId, day = '', region = '', names = '', signature = ''] = found ?? [];
  if (accessKeyId !== secrets.accessKeyId || headers['x-amz-security-token'] !== secrets.sessionToken) return false;
  const signed = names.split(';');
  const needed = ['host', 'x-amz-date', 'x-amz-target', ...(secrets.sessionToken ? ['x-amz-security-token'] : [])];
  if (needed.some((name) => !signed.includes(name)) || region !== secrets.keyArn.split(':')[3]) return false;
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = [method, url, '', lines, names, sha256(body)].join('\n');
  const scope = `${day}/${region}/kms/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const signing = [region, 'kms', 'aws4_request'].reduce(hmac, hmac(`AWS4${secrets.secretAccessKey}`, day));
  return timingSafeEqual(hmac(signing, text), Buffer.from(signature, 'hex'));
}
