import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Versions, etagOf } from './versions.js';

export interface ObjectAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface ObjectCall {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Upload {
  readonly key: string;
  readonly headers: IncomingHttpHeaders;
  readonly parts: Map<number, Buffer>;
}

const smallestPart = 5 * 1024 * 1024;
const pageKeys = 1_000;

/** The S3 API of one bucket that was made with object lock. */
export class ObjectBucket {
  readonly versions = new Versions();
  readonly #uploads = new Map<string, Upload>();

  constructor(private readonly nowMs: () => number) {}

  answer(call: ObjectCall): ObjectAnswer {
    const { method, key, query } = call;
    if (key === '') return method === 'GET' ? this.#listing(query) : fault(405, 'MethodNotAllowed');
    if (query.has('uploads') || query.has('uploadId')) return this.#multipart(call);
    if (query.has('retention') && method === 'PUT') return this.#retain(call);
    switch (method) {
      case 'PUT':
        return this.#put(key, call.body, call.headers);
      case 'GET':
      case 'HEAD':
        return this.#read(call);
      case 'DELETE':
        return this.#remove(key, query.get('versionId'));
      default:
        return fault(405, 'MethodNotAllowed');
    }
  }

  #put(key: string, bytes: Buffer, headers: IncomingHttpHeaders, isJoined = false): ObjectAnswer {
    const newest = this.versions.find(key);
    if (headers['if-none-match'] === '*' && newest?.bytes) return fault(412, 'PreconditionFailed');
    const mode = headers['x-amz-object-lock-mode'];
    const until = headers['x-amz-object-lock-retain-until-date'];
    if ((mode === undefined) !== (until === undefined)) return fault(400, 'InvalidArgument');
    const retainUntilMs = typeof until === 'string' ? Date.parse(until) : undefined;
    if (retainUntilMs !== undefined && !(retainUntilMs > this.nowMs())) return fault(400, 'InvalidArgument');
    if (!isJoined) {
      const checksum = headers['x-amz-checksum-sha256'];
      if (mode !== undefined && checksum === undefined) return fault(400, 'InvalidRequest');
      if (checksum !== undefined && checksum !== createHash('sha256').update(bytes).digest('base64'))
        return fault(400, 'BadDigest');
    }
    const made = this.versions.put(key, {
      bytes,
      contentType: headers['content-type'] ?? 'binary/octet-stream',
      modifiedAt: this.nowMs(),
      retainUntilMs,
    });
    return { status: 200, headers: { etag: etagOf(bytes), 'x-amz-version-id': made.id } };
  }

  #read({ key, query, method, headers }: ObjectCall): ObjectAnswer {
    const id = query.get('versionId');
    const version = this.versions.find(key, id ?? undefined);
    if (!version) return fault(404, id === null ? 'NoSuchKey' : 'NoSuchVersion');
    if (!version.bytes)
      return { ...fault(id === null ? 404 : 405, 'NoSuchKey'), headers: { 'x-amz-delete-marker': 'true' } };
    const { retainUntilMs } = version;
    const range = method === 'GET' ? /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') : null;
    if (range !== null && Number(range[1]) >= version.bytes.length) return fault(416, 'InvalidRange');
    const bytes = range === null ? version.bytes : version.bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    return {
      status: range === null ? 200 : 206,
      headers: {
        etag: etagOf(version.bytes),
        'content-type': version.contentType,
        'content-length': String(bytes.length),
        'x-amz-version-id': version.id,
        ...(retainUntilMs === undefined
          ? {}
          : {
              'x-amz-object-lock-mode': 'COMPLIANCE',
              'x-amz-object-lock-retain-until-date': new Date(retainUntilMs).toISOString(),
            }),
      },
      ...(method === 'GET' ? { body: bytes } : {}),
    };
  }

  /** Without a version id nothing is lost: a marker hides the key. */
  #remove(key: string, id: string | null): ObjectAnswer {
    if (id !== null) return this.versions.remove(key, id, this.nowMs()) ? { status: 204 } : fault(403, 'AccessDenied');
    const nothing = { bytes: undefined, contentType: '', retainUntilMs: undefined };
    if (this.versions.find(key)) this.versions.put(key, { ...nothing, modifiedAt: this.nowMs() });
    return { status: 204 };
  }

  /** Compliance mode: a lock grows and never shrinks. */
  #retain({ key, query, body }: ObjectCall): ObjectAnswer {
    const version = this.versions.find(key, query.get('versionId') ?? undefined);
    if (!version?.bytes) return fault(404, 'NoSuchKey');
    const until = Date.parse(/<RetainUntilDate>([^<]+)</.exec(body.toString('utf8'))?.[1] ?? '');
    if (Number.isNaN(until)) return fault(400, 'MalformedXML');
    const isShorter = version.retainUntilMs !== undefined && version.retainUntilMs > until;
    if (isShorter && (version.retainUntilMs ?? 0) > this.nowMs()) return fault(403, 'AccessDenied');
    version.retainUntilMs = until;
    return { status: 200 };
  }

  #multipart({ method, key, query, headers, body }: ObjectCall): ObjectAnswer {
    if (query.has('uploads') && method === 'POST') {
      const id = `u${this.#uploads.size + 1}`;
      this.#uploads.set(id, { key, headers, parts: new Map() });
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const id = query.get('uploadId') ?? '';
    const upload = this.#uploads.get(id);
    if (upload?.key !== key) return fault(404, 'NoSuchUpload');
    if (method === 'PUT') {
      if (headers['x-amz-checksum-sha256'] !== createHash('sha256').update(body).digest('base64'))
        return fault(400, 'BadDigest');
      upload.parts.set(Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag: etagOf(body) } };
    }
    if (method === 'DELETE') {
      this.#uploads.delete(id);
      return { status: 204 };
    }
    return method === 'POST' ? this.#join(id, upload, headers, body.toString('utf8')) : fault(405, 'MethodNotAllowed');
  }

  #join(id: string, upload: Upload, headers: IncomingHttpHeaders, document: string): ObjectAnswer {
    const numbers = Array.from(document.matchAll(/<PartNumber>(\d+)</g), ([, number]) => Number(number));
    const etags = Array.from(document.matchAll(/<ETag>([^<]+)</g), ([, etag = '']) => etag.replaceAll('&quot;', '"'));
    const parts = numbers.map((number) => upload.parts.get(number));
    if (parts.length === 0 || parts.some((part, at) => !part || etagOf(part) !== etags[at]))
      return fault(400, 'InvalidPart');
    if (parts.slice(0, -1).some((part) => (part?.length ?? 0) < smallestPart)) return fault(400, 'EntityTooSmall');
    const condition = headers['if-none-match'] === undefined ? {} : { 'if-none-match': headers['if-none-match'] };
    const bytes = Buffer.concat(parts.flatMap((part) => part ?? []));
    const answer = this.#put(upload.key, bytes, { ...upload.headers, ...condition }, true);
    if (answer.status !== 200) return answer;
    this.#uploads.delete(id);
    return { ...xml('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>'), headers: answer.headers ?? {} };
  }

  #listing(query: URLSearchParams): ObjectAnswer {
    const keys = this.versions.under(query.get('prefix') ?? '');
    if (query.has('versions')) return versionsPage(keys, query);
    const after = query.get('start-after') ?? '';
    const visible = keys.filter(
      ([key, [newest]]) => newest?.bytes && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
    );
    const page = visible
      .slice(0, pageKeys)
      .map(
        ([key, [newest]]) =>
          `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${dateOf(newest?.modifiedAt)}</LastModified><Size>${newest?.bytes?.length ?? 0}</Size></Contents>`,
      );
    return xml(
      `<ListBucketResult><IsTruncated>${visible.length > pageKeys}</IsTruncated>${page.join('')}</ListBucketResult>`,
    );
  }
}

function versionsPage(keys: ReturnType<Versions['under']>, query: URLSearchParams): ObjectAnswer {
  const all = keys.flatMap(([key, versions]) => versions.map((version) => ({ key, version })));
  const from = all.findIndex(
    ({ key, version }) => key === query.get('key-marker') && version.id === query.get('version-id-marker'),
  );
  const page = all.slice(from + 1, from + 1 + pageKeys);
  const last = from + 1 + pageKeys < all.length ? page.at(-1) : undefined;
  const items = page.map(({ key, version }) => {
    const name = version.bytes ? 'Version' : 'DeleteMarker';
    return `<${name}><Key>${encodeURIComponent(key)}</Key><VersionId>${version.id}</VersionId><LastModified>${dateOf(version.modifiedAt)}</LastModified></${name}>`;
  });
  const next = last
    ? `<NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.version.id}</NextVersionIdMarker>`
    : '';
  return xml(
    `<ListVersionsResult><IsTruncated>${last !== undefined}</IsTruncated>${next}${items.join('')}</ListVersionsResult>`,
  );
}

function dateOf(ms: number | undefined): string {
  return new Date(ms ?? 0).toISOString();
}

function xml(text: string): ObjectAnswer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0"?>\n${text}` };
}

export function fault(status: number, code: string): ObjectAnswer {
  return { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status };
}
