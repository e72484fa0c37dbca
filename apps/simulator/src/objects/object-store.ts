import { createServer } from 'node:http';
import { close, listen, urlOf } from '../models-server.js';
import { type ObjectAnswer, ObjectBucket, fault } from './bucket.js';
import { signatureFault } from './signature.js';

export interface ObjectStoreOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly buckets?: readonly string[];
  /** The store's own clock: locks end by it. */
  readonly nowMs?: () => number;
}

export interface SimulatedObjectStore {
  readonly url: string;
  /** What every client of it is configured with. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The next answers have this status, then it works again. */
  failNext(status: number, times?: number): void;
  stop(): Promise<void>;
}

const accessKeyId = 'AKIASIMULATED';
const secretAccessKey = 'simulated/secret+key';

/**
 * An S3-compatible store with versions and object lock, addressed by path. It checks every signature, and what is locked in
 * compliance mode cannot be deleted or shortened by anybody before its time.
 */
export async function startObjectStore(options: ObjectStoreOptions = {}): Promise<SimulatedObjectStore> {
  const nowMs = options.nowMs ?? ((): number => Date.now());
  const buckets = new Map((options.buckets ?? ['evidence']).map((name) => [name, new ObjectBucket(nowMs)]));
  const failures: number[] = [];
  const answer = (
    method: string,
    target: string,
    headers: NodeJS.Dict<string | string[]>,
    body: Buffer,
  ): ObjectAnswer => {
    const failure = failures.shift();
    if (failure !== undefined) return fault(failure, failure === 503 ? 'SlowDown' : 'InternalError');
    const [path = '', query = ''] = target.split('?', 2);
    const refused = signatureFault({ method, path, query, headers, body }, secretOf, Date.now());
    if (refused !== undefined) return fault(refused === 'XAmzContentSHA256Mismatch' ? 400 : 403, refused);
    const [, bucketName = '', key = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    const bucket = buckets.get(bucketName);
    if (!bucket) return fault(404, 'NoSuchBucket');
    return bucket.answer({ method, key: decodeURIComponent(key), query: new URLSearchParams(query), headers, body });
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = 'GET', url = '/', headers } = request;
      const { status, headers: more, body } = answer(method, url, headers, Buffer.concat(chunks));
      response.writeHead(status, { ...more }).end(method === 'HEAD' ? undefined : body);
    });
  });
  await listen(server, options.port ?? 0);
  return {
    url: urlOf(server),
    accessKeyId,
    secretAccessKey,
    failNext: (status, times = 1) => void failures.push(...Array.from({ length: times }, () => status)),
    stop: () => close(server),
  };
}

function secretOf(key: string): string | undefined {
  return key === accessKeyId ? secretAccessKey : undefined;
}
