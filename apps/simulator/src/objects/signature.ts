import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What the signature covers, as it arrived. */
export interface SignedRequest {
  readonly method: string;
  /** As sent, still percent-encoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const skewMs = 15 * 60 * 1000;

/** Checks AWS Signature Version 4 for S3 from the specification. Undefined when it holds, else S3's error code. */
export function signatureFault(
  request: SignedRequest,
  secretOf: (accessKey: string) => string | undefined,
  nowMs: number,
): string | undefined {
  const { method, path, query, headers, body } = request;
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  const [, credential = '', signedHeaders = '', signature] = found ?? [];
  const [accessKey = '', day = '', region = '', service = '', end = ''] = credential.split('/');
  const date = headers['x-amz-date'];
  const bodyHash = headers['x-amz-content-sha256'];
  if (typeof date !== 'string' || end !== 'aws4_request' || service !== 's3') return 'AccessDenied';
  const secret = secretOf(accessKey);
  if (secret === undefined) return 'InvalidAccessKeyId';
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at) || Math.abs(at - nowMs) > skewMs || !date.startsWith(day)) return 'RequestTimeTooSkewed';
  if (bodyHash !== createHash('sha256').update(body).digest('hex')) return 'XAmzContentSHA256Mismatch';
  const names = signedHeaders.split(';');
  const mustSign = Object.keys(headers).filter((name) => name.startsWith('x-amz-'));
  if (!['host', ...mustSign].every((name) => names.includes(name))) return 'AccessDenied';
  const lines = names.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}\n`).join('');
  const parameters = query === '' ? '' : query.split('&').toSorted().join('&');
  const canonical = [method, path, parameters, lines, signedHeaders, bodyHash].join('\n');
  const scope = `${day}/${region}/${service}/${end}`;
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, region, service, end].reduce<Buffer>(
    (from, part) => hmac(from, part),
    Buffer.from(`AWS4${secret}`),
  );
  return hmac(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
