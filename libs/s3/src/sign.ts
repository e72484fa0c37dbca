import { SignatureV4 } from '@smithy/signature-v4';
import { type Hash, type Hmac, createHash, createHmac } from 'node:crypto';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the signing library asks of SHA-256: with a key it is an HMAC. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', keyBytes(key));
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('a hash of the signer is used once');
  }
}

function keyBytes(key: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof key === 'string') return Buffer.from(key);
  return ArrayBuffer.isView(key) ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength) : new Uint8Array(key);
}

/** AWS Signature Version 4 as S3 wants it: the path is escaped once, and the body's SHA-256 is a signed header. */
export async function signS3(
  request: Unsigned,
  region: string,
  credentials: S3Credentials,
): Promise<Readonly<Record<string, string>>> {
  const { method, url, headers, body } = request;
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials: { ...credentials },
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: {
      ...headers,
      host: url.host,
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    },
    body,
  });
  return signed.headers;
}
