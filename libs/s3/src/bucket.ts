import { createHash } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { type Result, err, limits, ok } from '@writ/domain';
import { checkUrl, guardedDispatcher } from '@writ/platform';
import { type Answer, faultOf, headerOf, headersOf, stored, text } from './answers.js';
import type {
  ObjectStore,
  ObjectVersion,
  PutOptions,
  StoreFault,
  StoredObject,
  UploadKeeper,
  UploadSource,
} from './object-store.js';
import { type Ask, uploadFrom, uploadStream } from './uploads.js';
import { readListed, readVersions } from './listings.js';
import { type S3Credentials, signS3 } from './sign.js';

export interface S3Settings extends S3Credentials {
  /** Of the service, without the bucket, e.g. `https://s3.eu-central-1.amazonaws.com`. Buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Exact `host:port` pairs that the operator allows although they are private or speak plain http. */
  readonly allowHosts: readonly string[];
}

export interface S3Bucket extends ObjectStore {
  close(): Promise<void>;
}

/**
 * One bucket of an S3-compatible store: requests are signed (SigV4), go through the guarded egress, follow no redirect,
 * and end within a deadline; answers are read up to a limit. Fails when the address is none that may be dialled.
 */
export function s3Bucket(settings: S3Settings): Result<S3Bucket, string> {
  const checked = checkUrl(settings.endpoint, settings.allowHosts);
  if (!checked.ok) return err(`the object store's address is not accepted: ${checked.error}`);
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(settings.bucket)) return err('the bucket has no valid S3 name');
  return ok(new Bucket(settings, checked.value));
}

class Bucket implements S3Bucket {
  readonly #settings: S3Settings;
  readonly #endpoint: URL;
  readonly #dispatcher: Dispatcher;
  readonly #part: Ask = (method, key, query, headers, body) => this.#ask(method, key, query, headers, body);

  constructor(settings: S3Settings, endpoint: URL) {
    this.#settings = settings;
    this.#endpoint = endpoint;
    this.#dispatcher = guardedDispatcher({
      allowHosts: settings.allowHosts,
      connectMs: limits.objectStoreConnectMs,
      headersMs: limits.objectStoreMs,
      bodyIdleMs: limits.objectStoreMs,
      connections: limits.objectStoreConnections,
    });
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<Result<StoredObject, StoreFault>> {
    const checksum = createHash('sha256').update(bytes).digest('base64');
    const headers = { ...headersOf(options), 'x-amz-checksum-sha256': checksum };
    return stored(await this.#ask('PUT', key, {}, headers, bytes));
  }

  upload(
    key: string,
    pieces: AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<Result<StoredObject, StoreFault>> {
    return uploadStream(this.#part, key, pieces, options, (bytes) => this.put(key, bytes, options));
  }

  uploadFrom(
    key: string,
    source: UploadSource,
    keeper: UploadKeeper,
    options: PutOptions = {},
  ): Promise<Result<StoredObject, StoreFault>> {
    return uploadFrom(this.#part, key, source, keeper, options);
  }

  async read(key: string, from: number, bytes: number): ReturnType<ObjectStore['read']> {
    const range = { range: `bytes=${from}-${from + bytes - 1}` };
    const answer = await this.#ask('GET', key, {}, range, undefined, bytes);
    return answer.ok ? ok(answer.value.body) : answer;
  }

  async get(key: string, maximumBytes: number, version?: string): ReturnType<ObjectStore['get']> {
    const query: Record<string, string> = version === undefined ? {} : { versionId: version };
    const answer = await this.#ask('GET', key, query, {}, undefined, maximumBytes);
    if (!answer.ok) return answer;
    return ok({
      bytes: answer.value.body,
      version: headerOf(answer.value, 'x-amz-version-id'),
      retainUntilMs: lockOf(answer.value),
    });
  }

  async head(key: string): ReturnType<ObjectStore['head']> {
    const answer = await this.#ask('HEAD', key, {});
    if (!answer.ok) return answer;
    return ok({ bytes: Number(headerOf(answer.value, 'content-length')), retainUntilMs: lockOf(answer.value) });
  }

  async list(prefix: string, after?: string): ReturnType<ObjectStore['list']> {
    const start = after === undefined ? {} : { 'start-after': after };
    const answer = await this.#ask('GET', '', { 'list-type': '2', 'encoding-type': 'url', prefix, ...start });
    return answer.ok ? ok(readListed(text(answer.value))) : answer;
  }

  async versions(prefix: string, atLeast = Number.POSITIVE_INFINITY): ReturnType<ObjectStore['versions']> {
    const found: ObjectVersion[] = [];
    for (let from: Readonly<Record<string, string>> = {}; ;) {
      const query = { versions: '', 'encoding-type': 'url', prefix, ...from };
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before it ended
      const answer = await this.#ask('GET', '', query);
      if (!answer.ok) return answer;
      const page = readVersions(text(answer.value));
      found.push(...page.versions);
      if (page.next === undefined) return ok(found);
      // The last key of a page may go on in the next one.
      const whole = found.filter(({ key }) => key !== found.at(-1)?.key);
      if (whole.length >= atLeast) return ok(whole);
      from = page.next;
    }
  }

  async remove(key: string, version?: string): ReturnType<ObjectStore['remove']> {
    const answer = await this.#ask('DELETE', key, version === undefined ? {} : { versionId: version });
    return answer.ok || answer.error.kind === 'absent' ? ok(undefined) : answer;
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async #ask(
    method: Dispatcher.HttpMethod,
    key: string,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
    body: Uint8Array = new Uint8Array(),
    maximumBytes: number = limits.objectStoreListBytes,
  ): Promise<Result<Answer, StoreFault>> {
    const { bucket, region } = this.#settings;
    const url = new URL(this.#endpoint);
    url.pathname = `${this.#endpoint.pathname.replace(/\/$/, '')}/${bucket}${key === '' ? '' : `/${escapeKey(key)}`}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    try {
      const signed = await signS3({ method, url, headers, body }, region, this.#settings);
      const response = await this.#dispatcher.request({
        origin: url.origin,
        path: url.pathname + queryOf(query),
        method,
        headers: { ...signed, 'accept-encoding': 'identity' },
        body: method === 'PUT' || body.length > 0 ? body : null,
        signal: AbortSignal.timeout(limits.objectStoreMs),
      });
      const read = await readBody(
        response.body,
        response.statusCode < 300 ? maximumBytes : limits.objectStoreListBytes,
      );
      if (read === undefined)
        return err({ kind: 'too-large', what: `${key} has more bytes than the ${maximumBytes} admitted` });
      const answer = { status: response.statusCode, headers: response.headers, body: read };
      return response.statusCode < 300 ? ok(answer) : err(faultOf(key, response.statusCode, answer));
    } catch (cause) {
      return err({ kind: 'unavailable', what: `the object store gave no answer for ${key}: ${causeOf(cause)}` });
    }
  }
}

/** S3 signs the query as it is sent: percent-encoded with %20, in order of the names. */
function queryOf(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.toSorted().join('&')}`;
}

function escapeUri(part: string): string {
  return encodeURIComponent(part).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function escapeKey(key: string): string {
  return key.split('/').map(escapeUri).join('/');
}

function causeOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function readBody(body: AsyncIterable<Uint8Array>, maximumBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (length > maximumBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function lockOf(answer: Answer): number | undefined {
  const until = headerOf(answer, 'x-amz-object-lock-retain-until-date');
  const isLocked = headerOf(answer, 'x-amz-object-lock-mode') === 'COMPLIANCE' && until !== undefined;
  const ms = isLocked ? Date.parse(until) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
