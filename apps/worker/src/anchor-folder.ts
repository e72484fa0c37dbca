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

import { type Anchor, type AnchoredEpoch, type AnchoredHead, keepLargest } from './anchor.js';

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
    async putEpoch(epoch) {
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
    newestEpoch: async () => epochs().at(-1),
    async newestHeads() {
      const heads = new Map<string, AnchoredHead>();
      for (const number of epochs().toReversed()) {
        const epoch = JSON.parse(readFileSync(pathOf(number), 'utf8')) as AnchoredEpoch;
        for (const head of epoch.heads) keepLargest(heads, head);
        if (epoch.isFull) break;
      }
      for (const name of readdirSync(folder)) {
        if (name.endsWith('.ndjson')) for (const head of headsIn(join(folder, name))) keepLargest(heads, head);
      }
      return heads;
    },
    async close() {
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
