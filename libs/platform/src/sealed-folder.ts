import { hkdfSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openBytes, sealBytes } from './kms.js';

/** Small files that hold what must outlive the process, encrypted: for outcomes that the ledger could not take. */
export interface SealedFolder {
  /** Resolves once the file and its name are on disk; a second write of the name replaces the first. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** False when the file was not there: somebody else took it. */
  rename(from: string, to: string): Promise<boolean>;
  /** Undefined when it is not there. Throws when it was not sealed under this name by this key. */
  read(name: string): Promise<Uint8Array | undefined>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

const draft = '.draft';

/**
 * AES-256-GCM under a key derived for this purpose (RFC 5869); the name's part before the first dot is bound to the bytes.
 * Written beside its place, flushed, renamed, and the folder flushed: a crash leaves the whole file or none.
 */
export function sealedFolder(folder: string, masterKey: Uint8Array, purpose: string): SealedFolder {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(), `writ/folder/${purpose}`, 32));
  const boundTo = (name: string): string => `folder|${purpose}|${name.split('.', 1)[0]}`;
  const flushFolder = async (): Promise<void> => {
    const directory = await open(folder, 'r');
    await directory.sync();
    await directory.close();
  };
  return {
    async write(name, bytes) {
      const place = join(folder, name);
      const file = await open(`${place}${draft}`, 'w', 0o600);
      try {
        await file.writeFile(sealBytes(key, boundTo(name), bytes));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${place}${draft}`, place);
      await flushFolder();
    },
    async rename(from, to) {
      try {
        await rename(join(folder, from), join(folder, to));
        await flushFolder();
        return true;
      } catch (cause) {
        if (isAbsent(cause)) return false;
        throw cause;
      }
    },
    async read(name) {
      try {
        return openBytes(key, boundTo(name), await readFile(join(folder, name), 'utf8'));
      } catch (cause) {
        if (isAbsent(cause)) return undefined;
        throw cause;
      }
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    names: async () => (await readdir(folder)).filter((name) => !name.endsWith(draft)),
  };
}

function isAbsent(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT';
}

/** For a `catch` behind the opening or reading of a file that need not be there: undefined then, and any other fault goes on. */
export function unlessAbsent(cause: unknown): undefined {
  if (!isAbsent(cause)) throw cause;
}
