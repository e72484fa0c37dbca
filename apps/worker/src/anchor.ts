import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A log's head as it is kept outside the database. */
export interface AnchoredHead {
  readonly tenant: string;
  readonly slot?: number;
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly note: string;
}

export interface AnchoredEpoch {
  readonly number: number;
  /** Root of the tree of heads, base64. */
  readonly root: string;
  readonly note: string;
  /** True when `heads` are all of them, false when only those that changed. */
  readonly isFull: boolean;
  readonly heads: readonly AnchoredHead[];
}

/** Where heads are kept that a restore of the database must not undo: a folder here, an object-locked bucket elsewhere. */
export interface Anchor {
  /** Fails when an epoch of this number is there: numbers are taken once. */
  putEpoch(epoch: AnchoredEpoch): void;
  /** New heads between two epochs, without waiting for the disk. */
  stream(heads: readonly AnchoredHead[]): void;
  /** The largest head of every log that was ever anchored here, by origin. */
  newestHeads(): ReadonlyMap<string, AnchoredHead>;
  newestEpoch(): number | undefined;
  close(): void;
}

const epochName = /^epoch-([0-9]{12})\.json$/;

/** Files are written beside their place, flushed, and linked into it: a name that exists is never replaced. */
export function anchorFolder(folder: string): Anchor {
  mkdirSync(folder, { recursive: true });
  let stream: number | undefined;
  const pathOf = (number: number): string => join(folder, `epoch-${String(number).padStart(12, '0')}.json`);
  const epochs = (): readonly number[] =>
    readdirSync(folder)
      .flatMap((name) => epochName.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((left, right) => left - right);
  return {
    putEpoch(epoch) {
      const place = pathOf(epoch.number);
      const draft = `${place}.${process.pid}.draft`;
      const file = openSync(draft, 'w', 0o644);
      writeSync(file, `${JSON.stringify(epoch)}\n`);
      fsyncSync(file);
      closeSync(file);
      try {
        linkSync(draft, place);
      } finally {
        rmSync(draft);
      }
      // The epoch holds whatever this process streamed before it.
      if (stream !== undefined) ftruncateSync(stream);
    },
    stream(heads) {
      stream ??= openSync(join(folder, `heads-${process.pid}.ndjson`), 'a', 0o644);
      writeSync(stream, heads.map((head) => `${JSON.stringify(head)}\n`).join(''));
    },
    newestEpoch: () => epochs().at(-1),
    newestHeads() {
      const heads = new Map<string, AnchoredHead>();
      const keep = (head: AnchoredHead): void => {
        const known = heads.get(head.origin);
        if (known === undefined || head.size > known.size) heads.set(head.origin, head);
      };
      for (const number of epochs().toReversed()) {
        const epoch = JSON.parse(readFileSync(pathOf(number), 'utf8')) as AnchoredEpoch;
        for (const head of epoch.heads) keep(head);
        if (epoch.isFull) break;
      }
      for (const name of readdirSync(folder)) {
        if (name.endsWith('.ndjson')) for (const head of headsIn(join(folder, name))) keep(head);
      }
      return heads;
    },
    close() {
      if (stream !== undefined) closeSync(stream);
      stream = undefined;
    },
  };
}

/** A last line that a crash cut short was never anchored. */
function headsIn(path: string): readonly AnchoredHead[] {
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AnchoredHead);
}
