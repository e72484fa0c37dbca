import { readFileSync } from 'node:fs';

/** What lists say of a word; several may hold. A list proves nothing: the tagger weighs them with what stands around. */
export const FIRST_NAME = 1;
export const LAST_NAME = 2;
export const PLACE = 4;
/** Written in small letters in ordinary texts: `mark`, `will`, `public`. */
export const COMMON = 8;

const SLOTS = 1 << 18;
const PROBES = 24;

let keys: Uint16Array | undefined;
let flags: Uint8Array | undefined;

/**
 * The lists as one open-addressed table of word hashes: two bytes tell the word, one says in which lists it stands. Two
 * words of one slot and sixteen bits are taken for each other, once in some thousand words that stand in no list.
 */
export function listed(hash: number): number {
  if (!keys || !flags) read();
  let at = slotOf(hash);
  const wanted = keyOf(hash);
  for (let probe = 0; probe < PROBES; probe += 1) {
    const key = keys![at]!;
    if (key === 0) return 0;
    if (key === wanted) return flags![at]!;
    at = (at + 1) & (SLOTS - 1);
  }
  return 0;
}

function read(): void {
  const bytes = readFileSync(new URL('../../model/lists.bin', import.meta.url));
  if (bytes.byteLength !== SLOTS * 3) throw new Error('model/lists.bin does not fit the tagger; run npm run train:ner');
  keys = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + SLOTS * 2));
  flags = new Uint8Array(bytes.buffer.slice(bytes.byteOffset + SLOTS * 2, bytes.byteOffset + SLOTS * 3));
}

/** The table's bytes, for training. Words that find no room within the probes are left out. */
export function packLists(words: ReadonlyMap<number, number>): Uint8Array {
  const table = new Uint16Array(SLOTS);
  const lists = new Uint8Array(SLOTS);
  for (const [hash, standing] of words) {
    let at = slotOf(hash);
    for (let probe = 0; probe < PROBES && table[at] !== 0 && table[at] !== keyOf(hash); probe += 1)
      at = (at + 1) & (SLOTS - 1);
    if (table[at] !== 0 && table[at] !== keyOf(hash)) continue;
    table[at] = keyOf(hash);
    lists[at]! |= standing;
  }
  const bytes = new Uint8Array(SLOTS * 3);
  bytes.set(new Uint8Array(table.buffer), 0);
  bytes.set(lists, SLOTS * 2);
  [keys, flags] = [table, lists];
  return bytes;
}

function slotOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 14) & (SLOTS - 1);
}

function keyOf(hash: number): number {
  return (hash & 0xffff) | 1;
}
