import { createHash } from 'node:crypto';
import { type AwsCredentials, type Unsigned, signAws } from '@writ/platform';

export type S3Credentials = AwsCredentials;

/** AWS Signature Version 4 as S3 wants it: the path is escaped once, and the body's SHA-256 is a signed header. */
export function signS3(
  request: Unsigned,
  region: string,
  credentials: S3Credentials,
): Promise<Readonly<Record<string, string>>> {
  const digest = { 'x-amz-content-sha256': createHash('sha256').update(request.body).digest('hex') };
  const scope = { service: 's3', region, uriEscapePath: false };
  return signAws({ ...request, headers: { ...request.headers, ...digest } }, scope, credentials);
}
