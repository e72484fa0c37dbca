import { unlessAbsent } from '@writ/platform';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { ObjectStore, UploadKeeper, UploadSource, UploadState } from '@writ/s3';
import { JobFailed } from '../jobs/runtime.js';
import type { Spooled } from './spool.js';

export interface StoredExport {
  readonly tenant: string;
  readonly id: string;
  readonly file: Spooled;
}

/** Where an export lies in a bucket, and where the object that says it is whole. */
export const exportKeys = (tenant: string, id: string): { readonly bundle: string; readonly manifest: string } => ({
  bundle: `exports/${tenant}/${id}.tar`,
  manifest: `exports/${tenant}/${id}.json`,
});

/**
 * Puts a finished export into the bucket: the bundle in parts, of which a killed run keeps what it sent, and last a manifest that
 * names its size and digest. Whoever sees the manifest finds a whole bundle. Safe to repeat. Throws `JobFailed` when the bucket
 * does not take it, with the parts kept for the next attempt. `sent` is told after each part.
 */
export async function storeExport(
  bucket: ObjectStore,
  { tenant, id, file }: StoredExport,
  sent: () => void = () => undefined,
): Promise<string> {
  const keys = exportKeys(tenant, id);
  const state = `${file.path}.upload`;
  const manifest = { export: id, tenant, bytes: file.bytes, sha256: file.sha256 };
  if (!(await bucket.head(keys.manifest)).ok) {
    const handle = await open(file.path);
    try {
      const keeper = keeperAt(state, sent);
      const how = { contentType: 'application/x-tar' };
      const put = await bucket.uploadFrom(keys.bundle, sourceOf(handle, file.bytes), keeper, how);
      if (!put.ok) throw new JobFailed(`the bucket did not take the export: ${put.error.kind}`);
    } finally {
      await handle.close();
    }
    const last = await bucket.put(keys.manifest, Buffer.from(JSON.stringify(manifest)), {
      contentType: 'application/json',
    });
    if (!last.ok) throw new JobFailed(`the bucket did not take the manifest of the export: ${last.error.kind}`);
  }
  await rm(state, { force: true });
  return keys.bundle;
}

function sourceOf(handle: FileHandle, bytes: number): UploadSource {
  return {
    bytes,
    async read(at, length) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead !== length) throw new JobFailed('the file of the export is shorter than it was');
      return buffer;
    },
  };
}

/** Beside the file, and replaced whole: a state that is half written is none. */
function keeperAt(path: string, sent: () => void): UploadKeeper {
  return {
    async load() {
      const kept = await readFile(path, 'utf8').catch(unlessAbsent);
      return kept === undefined ? undefined : (JSON.parse(kept) as UploadState);
    },
    async save(state) {
      await writeFile(`${path}.new`, JSON.stringify(state), { flush: true });
      await rename(`${path}.new`, path);
      sent();
    },
  };
}
