import type { ObjectStore } from '@writ/s3';
import { type Clock, Pauses } from '@writ/platform';
import { CompactRange, hashEpoch, headsRoot, openCheckpoint } from '@writ/ledger';
import { z } from 'zod';
import { type Anchor, type AnchoredEpoch, type AnchoredHead, keepLargest } from './anchor.js';

export interface AnchorBucketParts {
  readonly store: ObjectStore;
  /** In front of every key, e.g. `writ.example/`. */
  readonly prefix: string;
  /** How long nobody can delete an epoch; not longer than the shortest retention class, for what is locked stays. */
  readonly lockMs: number;
  /** Only what these keys signed is read: whoever holds the bucket's key must not be able to add an epoch. */
  readonly logKeys: readonly Uint8Array[];
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}

const epochBytes = 64 * 1024 * 1024;
/** Streamed heads matter until a later epoch holds them. */
const streamLockMs = 24 * 60 * 60 * 1000;
const streamPauseMs = 1_000;
/** Numbers and times count down in the keys, so that a listing begins with the newest. */
const highestNumber = 999_999_999_999;
const highestMs = 99_999_999_999_999;
/** More than lie between one full epoch and the next, and more heads than are streamed between two epochs. */
const versionsRead = 1_000;

/**
 * Epochs as locked objects. Whoever holds the bucket's key can put newer versions and delete markers above them, and cannot
 * take a locked version away: so the oldest version of each key is read, and nothing else.
 */
export function anchorBucket(parts: AnchorBucketParts): Anchor {
  return new BucketAnchor(parts);
}

class BucketAnchor implements Anchor {
  readonly #parts: AnchorBucketParts;
  readonly #waiting = new Map<string, AnchoredHead>();
  readonly #pauses: Pauses;
  #streaming: Promise<void> | undefined;
  #isClosing = false;

  constructor(parts: AnchorBucketParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
  }

  async putEpoch(epoch: AnchoredEpoch): Promise<void> {
    const { store, lockMs, clock } = this.#parts;
    const put = await store.put(this.#keyOf(epoch.number), bytesOf(epoch), {
      contentType: 'application/json',
      onlyIfAbsent: true,
      retainUntilMs: clock.nowMs() + lockMs,
    });
    if (!put.ok) throw new Error(`the epoch ${epoch.number} could not be anchored: ${put.error.what}`);
    this.#waiting.clear();
  }

  /** One write at a time: while it is under way the newest head of each log waits for the next. */
  stream(heads: readonly AnchoredHead[]): void {
    for (const head of heads) keepLargest(this.#waiting, head);
    this.#streaming ??= this.#flush().finally(() => {
      this.#streaming = undefined;
    });
  }

  async newestEpoch(): Promise<number | undefined> {
    for await (const epoch of this.#epochs()) return epoch.number;
    return undefined;
  }

  async newestHeads(): Promise<ReadonlyMap<string, AnchoredHead>> {
    const heads = new Map<string, AnchoredHead>();
    let isWhole = true;
    for await (const epoch of this.#epochs()) {
      for (const head of epoch.heads) keepLargest(heads, head);
      isWhole = epoch.isFull;
      if (isWhole) break;
    }
    if (!isWhole) throw new Error('the anchored epochs lead to no full one');
    for (const { key, version } of await this.#oldestVersions('heads/')) {
      // oxlint-disable-next-line no-await-in-loop -- one a second at most, and only those of the last minutes
      const streamed = z.array(headSchema).safeParse(await this.#read(key, version));
      for (const head of streamed.data ?? []) if (this.#isSigned(head)) keepLargest(heads, head);
    }
    return heads;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#pauses.end();
    await this.#streaming;
  }

  async #flush(): Promise<void> {
    const { store, prefix, clock, onProblem } = this.#parts;
    while (this.#waiting.size > 0 && !this.#isClosing) {
      const heads = [...this.#waiting.values()];
      this.#waiting.clear();
      const nowMs = clock.nowMs();
      const key = `${prefix}heads/${highestMs - nowMs}-${process.pid}.json`;
      // oxlint-disable-next-line no-await-in-loop -- one write after the other
      const put = await store.put(key, bytesOf(heads), {
        contentType: 'application/json',
        onlyIfAbsent: true,
        retainUntilMs: nowMs + streamLockMs,
      });
      if (!put.ok) onProblem(`new heads could not be anchored: ${put.error.what}`);
      // oxlint-disable-next-line no-await-in-loop -- what gathers meanwhile goes together
      await this.#pauses.take(streamPauseMs);
    }
  }

  /** From the newest on; what no log key signed was put there by somebody else and is told. */
  async *#epochs(): AsyncGenerator<z.output<typeof epochSchema>> {
    for (const { key, version } of await this.#oldestVersions('epochs/')) {
      // oxlint-disable-next-line no-await-in-loop -- read as far back as is needed
      const epoch = epochSchema.safeParse(await this.#read(key, version));
      if (epoch.success && this.#keyOf(epoch.data.number) === key && this.#isWhole(epoch.data)) yield epoch.data;
      else this.#parts.onProblem(`${key} is no epoch that a log key signed`);
    }
  }

  #isSigned({ note, origin, size }: AnchoredHead): boolean {
    const checkpoint = openCheckpoint(note, this.#parts.logKeys);
    return checkpoint?.origin === origin && checkpoint.size === size;
  }

  /** A full epoch must hold every head that its signature covers, or one could be left out of it. */
  #isWhole({ number, isFull, note, frontier, heads }: z.output<typeof epochSchema>): boolean {
    const checkpoint = openCheckpoint(note, this.#parts.logKeys);
    if (checkpoint?.size !== number + 1) return false;
    if (!isFull) return true;
    const before = Buffer.from(frontier, 'base64');
    const hashes = Array.from({ length: before.length / 32 }, (_, at) => before.subarray(at * 32, at * 32 + 32));
    const range = CompactRange.from(number, hashes);
    range?.append(
      hashEpoch(number, headsRoot(heads.map((head) => ({ ...head, root: Buffer.from(head.root, 'base64') })))),
    );
    return range !== undefined && Buffer.compare(range.root(), checkpoint.root) === 0;
  }

  /** In the order of the listing: the newest epoch first. */
  async #oldestVersions(folder: string): Promise<readonly { readonly key: string; readonly version: string }[]> {
    const seen = await this.#parts.store.versions(`${this.#parts.prefix}${folder}`, versionsRead);
    if (!seen.ok) throw new Error(`the anchor cannot be read: ${seen.error.what}`);
    const oldest = new Map<string, string>();
    for (const { key, version, isMarker } of seen.value) if (!isMarker) oldest.set(key, version);
    return Array.from(oldest, ([key, version]) => ({ key, version }));
  }

  async #read(key: string, version: string): Promise<unknown> {
    const read = await this.#parts.store.get(key, epochBytes, version);
    if (!read.ok) throw new Error(`the anchor cannot be read: ${read.error.what}`);
    return JSON.parse(Buffer.from(read.value.bytes).toString('utf8')) as unknown;
  }

  #keyOf(number: number): string {
    return `${this.#parts.prefix}epochs/${String(highestNumber - number).padStart(12, '0')}.json`;
  }
}

const headSchema = z.object({
  tenant: z.string(),
  slot: z.number().int().min(0).default(0),
  origin: z.string(),
  size: z.number().int().min(0),
  root: z.string(),
  note: z.string(),
});
const epochSchema = z.object({
  number: z.number().int().min(0),
  isFull: z.boolean(),
  note: z.string(),
  frontier: z.string(),
  heads: z.array(headSchema),
});

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
