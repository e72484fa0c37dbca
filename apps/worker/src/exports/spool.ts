import { unlessAbsent } from '@writ/platform';
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

/** A finished file, and what it holds. */
export interface Spooled {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** The bytes on disk are not those that the rows give now: some left meanwhile. The file is gone, and a new try begins anew. */
export class SpoolDiverged extends Error {
  constructor() {
    super('the rows are not those that the file began with; it begins anew');
  }
}

const flushEvery = 8 * 1024 * 1024;

/**
 * A file that is absent or whole: written beside its place, flushed, renamed into it. A run that follows a killed one makes
 * the same bytes again from the plan that the first one kept, compares them with what is on disk, and writes on from there.
 */
export class Spool<Plan> {
  readonly #place: string;
  readonly #draft: string;
  readonly #plan: string;

  constructor(folder: string, name: string) {
    this.#place = join(folder, `${name}.tar`);
    this.#draft = `${this.#place}.part`;
    this.#plan = `${this.#place}.plan`;
  }

  /** The plan that an earlier run began with, or a new one, kept before the first byte. */
  async plan(make: () => Promise<Plan | undefined>): Promise<Plan | undefined> {
    const kept = await readFile(this.#plan).catch(unlessAbsent);
    if (kept !== undefined) return deserialize(kept) as Plan;
    await rm(this.#draft, { force: true });
    const made = await make();
    if (made === undefined) return undefined;
    await mkdir(dirname(this.#place), { recursive: true });
    await writeFile(`${this.#plan}.new`, serialize(made), { flush: true });
    await rename(`${this.#plan}.new`, this.#plan);
    return made;
  }

  /** Undefined while it is not whole. */
  async finished(): Promise<Spooled | undefined> {
    const found = await stat(this.#place).catch(unlessAbsent);
    if (found === undefined) return undefined;
    const file = await open(this.#place);
    const hash = createHash('sha256');
    for await (const piece of file.createReadStream()) hash.update(piece as Uint8Array);
    return { path: this.#place, bytes: found.size, sha256: hash.digest('hex') };
  }

  async write(pieces: AsyncIterable<Uint8Array>, wrote: (bytes: number) => Promise<void>): Promise<Spooled> {
    const file = await open(this.#draft, 'a+');
    try {
      const sha256 = await this.#append(file, pieces, wrote);
      await file.sync();
      const { size } = await file.stat();
      await file.close();
      await rename(this.#draft, this.#place);
      await syncFolder(dirname(this.#place));
      await rm(this.#plan, { force: true });
      return { path: this.#place, bytes: size, sha256 };
    } catch (cause) {
      await file.close().catch(() => undefined);
      throw cause;
    }
  }

  async #append(
    file: FileHandle,
    pieces: AsyncIterable<Uint8Array>,
    wrote: (bytes: number) => Promise<void>,
  ): Promise<string> {
    const { size: before } = await file.stat();
    const hash = createHash('sha256');
    let at = 0;
    let unflushed = 0;
    for await (const piece of pieces) {
      hash.update(piece);
      const known = Math.max(0, Math.min(piece.length, before - at));
      if (known > 0 && !(await isOnDisk(file, at, piece.subarray(0, known)))) await this.#diverge(file);
      if (known < piece.length) await file.appendFile(piece.subarray(known));
      at += piece.length;
      unflushed += piece.length - known;
      if (unflushed >= flushEvery) {
        await file.datasync();
        unflushed = 0;
      }
      await wrote(at);
    }
    if (at < before) await this.#diverge(file);
    return hash.digest('hex');
  }

  async #diverge(file: FileHandle): Promise<never> {
    await file.close();
    await rm(this.#draft, { force: true });
    await rm(this.#plan, { force: true });
    throw new SpoolDiverged();
  }
}

async function isOnDisk(file: FileHandle, at: number, piece: Uint8Array): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(piece.length), 0, piece.length, at);
  return bytesRead === piece.length && Buffer.compare(buffer, piece) === 0;
}

/** The rename itself is durable only with its folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync();
  await handle.close();
}
