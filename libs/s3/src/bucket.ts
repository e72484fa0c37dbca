import { createHash } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { type Result, err, limits, ok } from '@writ/domain';
import { checkUrl, guardedDispatcher } from '@writ/platform';
import type { ObjectStore, ObjectVersion, PutOptions, StoreFault, StoredObject } from './object-store.js';
import { readListed, readVersions } from './listings.js';
import { type S3Credentials, signS3 } from './sign.js';
import { escapeXml, textOf } from './xml.js';

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

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
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

  async upload(
    key: string,
    pieces: AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<Result<StoredObject, StoreFault>> {
    const parts = partsOf(pieces, limits.objectStorePartBytes);
    const first = await parts.next();
    const firstBytes = first.done === true ? new Uint8Array() : first.value;
    if (firstBytes.length < limits.objectStorePartBytes) return this.put(key, firstBytes, options);
    const { 'if-none-match': onlyIfAbsent, ...opening } = headersOf(options);
    const begun = await this.#ask('POST', key, { uploads: '' }, { ...opening, 'x-amz-checksum-algorithm': 'SHA256' });
    if (!begun.ok) return begun;
    const uploadId = textOf(text(begun.value), 'UploadId');
    if (uploadId === undefined) return err({ kind: 'refused', what: 'the store began an upload without naming it' });
    const ended = await this.#uploadParts(key, uploadId, firstBytes, parts, onlyIfAbsent);
    // An unfinished upload costs space and is readable by nobody; whether it could be dropped changes nothing for us.
    if (!ended.ok) await this.#ask('DELETE', key, { uploadId });
    return ended;
  }

  async #uploadParts(
    key: string,
    uploadId: string,
    first: Uint8Array,
    rest: AsyncGenerator<Uint8Array>,
    onlyIfAbsent: string | undefined,
  ): Promise<Result<StoredObject, StoreFault>> {
    const listed: string[] = [];
    for (let part = first; ;) {
      const number = String(listed.length + 1);
      const checksum = createHash('sha256').update(part).digest('base64');
      const query = { partNumber: number, uploadId };
      // oxlint-disable-next-line no-await-in-loop -- one part after the other bounds the memory
      const answer = await this.#ask('PUT', key, query, { 'x-amz-checksum-sha256': checksum }, part);
      if (!answer.ok) return answer;
      const etag = escapeXml(headerOf(answer.value, 'etag') ?? '');
      listed.push(
        `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><ChecksumSHA256>${checksum}</ChecksumSHA256></Part>`,
      );
      // oxlint-disable-next-line no-await-in-loop -- as above
      const next = await rest.next();
      if (next.done === true) break;
      part = next.value;
    }
    const body = Buffer.from(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`);
    const condition = onlyIfAbsent === undefined ? {} : { 'if-none-match': onlyIfAbsent };
    const done = await this.#ask('POST', key, { uploadId }, condition, body);
    // The answer's status is sent before the parts are joined: an error may come with 200.
    if (done.ok && text(done.value).includes('<Error>')) return err(faultOf(key, 500, done.value));
    return stored(done);
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

function headersOf(options: PutOptions): Readonly<Record<string, string>> {
  const { contentType = 'application/octet-stream', onlyIfAbsent, retainUntilMs } = options;
  return {
    'content-type': contentType,
    ...(onlyIfAbsent === true ? { 'if-none-match': '*' } : {}),
    ...(retainUntilMs === undefined
      ? {}
      : {
          'x-amz-object-lock-mode': 'COMPLIANCE',
          'x-amz-object-lock-retain-until-date': new Date(retainUntilMs).toISOString(),
        }),
  };
}

function stored(answer: Result<Answer, StoreFault>): Result<StoredObject, StoreFault> {
  return answer.ok ? ok({ version: headerOf(answer.value, 'x-amz-version-id') }) : answer;
}

function lockOf(answer: Answer): number | undefined {
  const until = headerOf(answer, 'x-amz-object-lock-retain-until-date');
  const isLocked = headerOf(answer, 'x-amz-object-lock-mode') === 'COMPLIANCE' && until !== undefined;
  const ms = isLocked ? Date.parse(until) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function text({ body }: Answer): string {
  return Buffer.from(body).toString('utf8');
}

/** A redirect is a refusal: whoever configured the wrong region or host must say the right one. */
function faultOf(key: string, status: number, answer: Answer): StoreFault {
  const code = textOf(text(answer), 'Code') ?? '';
  const said = `the object store answered ${status}${code === '' ? '' : ` ${code}`} for ${key === '' ? 'the bucket' : key}`;
  const kind = ((): StoreFault['kind'] => {
    if (status === 412 || (status === 409 && code === 'ConditionalRequestConflict')) return 'exists';
    if (status === 404) return code === 'NoSuchBucket' ? 'refused' : 'absent';
    if (status === 403 || status === 401) return 'denied';
    return status === 429 || status >= 500 ? 'unavailable' : 'refused';
  })();
  return { kind, what: said };
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

/** Parts of exactly `size` bytes, the last one shorter. */
async function* partsOf(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + size - length);
      held.push(taken);
      length += taken.length;
      at += taken.length;
      if (length < size) continue;
      yield Buffer.concat(held);
      held = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(held);
}
