import { type Hash, type Hmac, createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
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

/**
 * The headers of a request with AWS Signature Version 4. S3 wants its path escaped once, every other service twice; the
 * caller names headers such as `x-amz-content-sha256` itself, and all of them are signed.
 */
export async function signAws(
  { method, url, headers, body }: Unsigned,
  scope: { readonly service: string; readonly region: string; readonly uriEscapePath: boolean },
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
): Promise<Readonly<Record<string, string>>> {
  const signer = new SignatureV4({
    ...scope,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    body,
  });
  return signed.headers;
}
