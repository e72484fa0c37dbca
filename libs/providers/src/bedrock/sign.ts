import { signAws } from '@writ/platform';
import type { Job, Wire } from '../vendor.js';

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
  const region = job.endpoint.settings['awsRegion'] ?? job.endpoint.region;
  const headers = { host: url.host, 'content-type': 'application/json', accept };
  return signAws(
    { method: 'POST', url, headers, body: wire.body },
    { service: 'bedrock', region, uriEscapePath: true },
    { accessKeyId, secretAccessKey, sessionToken },
  );
}
