import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { Job, Wire } from '../vendor.js';

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
 * The headers that authorize the call. A key `id:secret[:session]` is signed with (SigV4); anything else is a Bedrock API
 * key and goes as a bearer token.
 */
export async function signBedrock(wire: Wire, job: Job, accept: string): Promise<Readonly<Record<string, string>>> {
  const [, accessKeyId, secretAccessKey, sessionToken] =
    /^((?:AKIA|ASIA)\w*):([^:]+)(?::(.+))?$/.exec(job.secret ?? '') ?? [];
  if (accessKeyId === undefined || secretAccessKey === undefined)
    return job.secret === undefined ? {} : { authorization: `Bearer ${job.secret}` };
  const url = new URL(wire.url);
  const signer = new SignatureV4({
    service: 'bedrock',
    region: job.endpoint.settings['awsRegion'] ?? job.endpoint.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query: {},
    headers: { host: url.host, 'content-type': 'application/json', accept },
    body: wire.body,
  });
  return signed.headers;
}
