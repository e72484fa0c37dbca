import { createHash, createHmac } from 'node:crypto';
import type { Call } from '../../vendor.js';

/** The one secret that every simulated access key has. */
const secret = 'secret';

/** Checks AWS Signature Version 4 from the request's own bytes, written from the specification. Bearer tokens pass. */
export async function isSigned(call: Call): Promise<boolean> {
  const authorization = call.headers.authorization ?? '';
  if (authorization.startsWith('Bearer ')) return true;
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    authorization,
  );
  const [, credential = '', signedHeaders = '', signature] = found ?? [];
  const [, day = '', region = '', service = '', end = ''] = credential.split('/');
  const date = call.headers['x-amz-date'];
  if (typeof date !== 'string' || end !== 'aws4_request' || service !== 'bedrock') return false;
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return false;
  const headers = names.map((name) => `${name}:${String(call.headers[name]).trim().replaceAll(/ +/g, ' ')}\n`).join('');
  const path = call.path.split('/').map(escapeUri).join('/');
  const canonical = ['POST', path, '', headers, signedHeaders, hash(call.text)].join('\n');
  const scope = `${day}/${region}/${service}/${end}`;
  const text = ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n');
  const key = [day, region, service, end].reduce<Buffer>(
    (from, part) => hmac(from, part),
    Buffer.from(`AWS4${secret}`),
  );
  return hmac(key, text).toString('hex') === signature;
}

/** The path is encoded once more than it was sent. */
function escapeUri(part: string): string {
  return encodeURIComponent(part).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
