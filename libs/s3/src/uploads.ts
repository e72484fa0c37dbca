import { createHash } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { type Result, err, limits } from '@writ/domain';
import { type Answer, faultOf, headerOf, headersOf, stored, text } from './answers.js';
import type { PutOptions, StoreFault, StoredObject, UploadKeeper, UploadSource, UploadState } from './object-store.js';
import { escapeXml, textOf } from './xml.js';

export type Ask = (
  method: Dispatcher.HttpMethod,
  key: string,
  query: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
  body?: Uint8Array,
) => Promise<Result<Answer, StoreFault>>;

type Part = UploadState['parts'][number];

/** Writes a stream in parts, or in one request when it is short. Nothing is kept: a stream cannot be read again. */
export async function uploadStream(
  ask: Ask,
  key: string,
  pieces: AsyncIterable<Uint8Array>,
  options: PutOptions,
  put: (bytes: Uint8Array) => Promise<Result<StoredObject, StoreFault>>,
): Promise<Result<StoredObject, StoreFault>> {
  const parts = partsOf(pieces, limits.objectStorePartBytes);
  const first = await parts.next();
  const firstBytes = first.done === true ? new Uint8Array() : first.value;
  if (firstBytes.length < limits.objectStorePartBytes) return put(firstBytes);
  const begun = await begin(ask, key, options);
  if (!begun.ok) return begun;
  const sent = await sendAll(ask, key, begun.value, firstBytes, parts);
  const ended = sent.ok ? await join(ask, key, { uploadId: begun.value, parts: sent.value }, options) : sent;
  // An unfinished upload costs space and is readable by nobody; whether it could be dropped changes nothing for us.
  if (!ended.ok) await ask('DELETE', key, { uploadId: begun.value });
  return ended;
}

/**
 * Writes what can be read again, and takes up what an earlier run began: the parts that the keeper knows of are not sent again. A
 * fault leaves the parts where they are, for the next run; an upload that the store has forgotten is begun anew.
 */
export async function uploadFrom(
  ask: Ask,
  key: string,
  source: UploadSource,
  keeper: UploadKeeper,
  options: PutOptions,
): Promise<Result<StoredObject, StoreFault>> {
  const kept = await keeper.load();
  if (kept !== undefined) {
    const goneOn = await goOn(ask, key, source, keeper, kept, options);
    if (goneOn.ok || goneOn.error.kind !== 'absent') return goneOn;
  }
  const begun = await begin(ask, key, options);
  if (!begun.ok) return begun;
  const fresh: UploadState = { uploadId: begun.value, parts: [] };
  await keeper.save(fresh);
  return goOn(ask, key, source, keeper, fresh, options);
}

async function goOn(
  ask: Ask,
  key: string,
  source: UploadSource,
  keeper: UploadKeeper,
  from: UploadState,
  options: PutOptions,
): Promise<Result<StoredObject, StoreFault>> {
  const size = limits.objectStorePartBytes;
  let state = from;
  // An empty object has one empty part.
  const count = Math.max(1, Math.ceil(source.bytes / size));
  while (state.parts.length < count) {
    const at = state.parts.length * size;
    // oxlint-disable-next-line no-await-in-loop -- one part after the other bounds the memory
    const bytes = await source.read(at, Math.min(size, source.bytes - at));
    // oxlint-disable-next-line no-await-in-loop -- as above
    const part = await send(ask, key, state.uploadId, state.parts.length + 1, bytes);
    if (!part.ok) return part;
    state = { ...state, parts: [...state.parts, part.value] };
    // oxlint-disable-next-line no-await-in-loop -- as above
    await keeper.save(state);
  }
  return join(ask, key, state, options);
}

async function begin(ask: Ask, key: string, options: PutOptions): Promise<Result<string, StoreFault>> {
  const { 'if-none-match': _, ...opening } = headersOf(options);
  const begun = await ask('POST', key, { uploads: '' }, { ...opening, 'x-amz-checksum-algorithm': 'SHA256' });
  if (!begun.ok) return begun;
  const uploadId = textOf(text(begun.value), 'UploadId');
  return uploadId === undefined
    ? err({ kind: 'refused', what: 'the store began an upload without naming it' })
    : { ok: true, value: uploadId };
}

async function sendAll(
  ask: Ask,
  key: string,
  uploadId: string,
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): Promise<Result<readonly Part[], StoreFault>> {
  const parts: Part[] = [];
  for (let bytes = first; ;) {
    // oxlint-disable-next-line no-await-in-loop -- one part after the other bounds the memory
    const part = await send(ask, key, uploadId, parts.length + 1, bytes);
    if (!part.ok) return part;
    parts.push(part.value);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const next = await rest.next();
    if (next.done === true) return { ok: true, value: parts };
    bytes = next.value;
  }
}

async function send(
  ask: Ask,
  key: string,
  uploadId: string,
  number: number,
  bytes: Uint8Array,
): Promise<Result<Part, StoreFault>> {
  const checksum = createHash('sha256').update(bytes).digest('base64');
  const query = { partNumber: String(number), uploadId };
  const answer = await ask('PUT', key, query, { 'x-amz-checksum-sha256': checksum }, bytes);
  return answer.ok ? { ok: true, value: { etag: headerOf(answer.value, 'etag') ?? '', checksum } } : answer;
}

async function join(
  ask: Ask,
  key: string,
  { uploadId, parts }: UploadState,
  options: PutOptions,
): Promise<Result<StoredObject, StoreFault>> {
  const listed = parts.map(
    ({ etag, checksum }, at) =>
      `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag><ChecksumSHA256>${checksum}</ChecksumSHA256></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`);
  const { 'if-none-match': onlyIfAbsent } = headersOf(options);
  const condition = onlyIfAbsent === undefined ? {} : { 'if-none-match': onlyIfAbsent };
  const done = await ask('POST', key, { uploadId }, condition, body);
  // The answer's status is sent before the parts are joined: an error may come with 200.
  if (done.ok && text(done.value).includes('<Error>')) return err(faultOf(key, 500, done.value));
  return stored(done);
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
