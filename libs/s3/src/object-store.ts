import type { Result } from '@writ/domain';

/**
 * Why an object could not be written or read. `exists`: the key was taken and `onlyIfAbsent` was asked for. `absent`: no
 * such object. `denied`: the store says no, also where a lock forbids it. `too-large`: more bytes than the caller admits.
 * `refused`: the store understood and will not, for another reason. `unavailable`: no answer, or one that says try later;
 * a write may have happened.
 */
export interface StoreFault {
  readonly kind: 'exists' | 'absent' | 'denied' | 'too-large' | 'refused' | 'unavailable';
  /** In a sentence, for operators; holds no credential and no content. */
  readonly what: string;
}

export interface PutOptions {
  readonly contentType?: string;
  /** `If-None-Match: *`: the write fails with `exists` when the key has an object. */
  readonly onlyIfAbsent?: boolean;
  /** Object lock in compliance mode until then, ms since the epoch: nobody can delete or shorten it, whoever they are. */
  readonly retainUntilMs?: number;
}

export interface StoredObject {
  /** Present in a bucket with versions. */
  readonly version: string | undefined;
}

export interface ReadObject {
  readonly bytes: Uint8Array;
  readonly version: string | undefined;
  /** Ms since the epoch; set when the object is locked in compliance mode. */
  readonly retainUntilMs: number | undefined;
}

export interface Listed {
  readonly key: string;
  readonly bytes: number;
  /** Ms since the epoch, by the store's clock. */
  readonly modifiedAt: number;
}

/** One version of a key, newest first within the key. A marker hides the versions below it from a plain read. */
export interface ObjectVersion {
  readonly key: string;
  readonly version: string;
  readonly isMarker: boolean;
  readonly modifiedAt: number;
}

/** Bytes that can be read again from any place, such as a file's. */
export interface UploadSource {
  readonly bytes: number;
  read(at: number, length: number): Promise<Uint8Array>;
}

/** How far an upload in parts has come. It is readable by nobody until all parts are joined. */
export interface UploadState {
  readonly uploadId: string;
  readonly parts: readonly { readonly etag: string; readonly checksum: string }[];
}

/** Where a caller keeps the state, so that a process that follows takes the upload up. */
export interface UploadKeeper {
  load(): Promise<UploadState | undefined>;
  /** Resolves once it is kept. */
  save(state: UploadState): Promise<void>;
}

/** A bucket, as the rooms above see it. Keys are `/`-separated and never begin with a slash. */
export interface ObjectStore {
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<Result<StoredObject, StoreFault>>;
  /** Writes a stream in parts of constant memory; nothing is readable under the key before the last part is. */
  upload(
    key: string,
    pieces: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<Result<StoredObject, StoreFault>>;
  /**
   * The same of a source that can be read again. Parts that the keeper knows of are not sent again; after a fault the next
   * call goes on from them. The caller forgets the state once this succeeded.
   */
  uploadFrom(
    key: string,
    source: UploadSource,
    keeper: UploadKeeper,
    options?: PutOptions,
  ): Promise<Result<StoredObject, StoreFault>>;
  /** A range of the newest version: `bytes` of it from `from` on, fewer at its end. */
  read(key: string, from: number, bytes: number): Promise<Result<Uint8Array, StoreFault>>;
  /** Reads the newest version, or the named one; `too-large` as soon as it exceeds `maximumBytes`. */
  get(key: string, maximumBytes: number, version?: string): Promise<Result<ReadObject, StoreFault>>;
  head(
    key: string,
  ): Promise<Result<{ readonly bytes: number; readonly retainUntilMs: number | undefined }, StoreFault>>;
  /** Keys with the prefix, in order of their bytes, after `after`; at most a thousand, so ask on from the last. */
  list(prefix: string, after?: string): Promise<Result<readonly Listed[], StoreFault>>;
  /**
   * Every version of every key with the prefix: what a marker or a later write hides is still seen. With `atLeast` the
   * listing may end after so many; every key that is answered is answered whole.
   */
  versions(prefix: string, atLeast?: number): Promise<Result<readonly ObjectVersion[], StoreFault>>;
  /** Deletes the key, or one version of it; a locked version is `denied`. An absent key is no fault. */
  remove(key: string, version?: string): Promise<Result<undefined, StoreFault>>;
}
