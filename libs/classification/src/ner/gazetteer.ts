import { readFileSync } from 'node:fs';

/** What lists say of a word; several may hold. A list proves nothing: the tagger weighs them with what stands around. */
export const FIRST_NAME = 1;
export const LAST_NAME = 2;
export const PLACE = 4;
/** Written in small letters in ordinary texts: `mark`, `will`, `public`. */
export const COMMON = 8;

const SLOTS = 1 << 18;
const PROBES = 24;

/** Bits of the filter in front of the lists; `listed` reads memory that seldom lies near, and is asked for most words. */
const FILTER_BITS = 1 << 17;
const plainNames = new Uint32Array(FILTER_BITS >> 5);

let keys: Uint16Array | undefined;
let flags: Uint8Array | undefined;

/**
 * The lists as one open-addressed table of word hashes: two bytes tell the word, one says in which lists it stands. Two
 * words of one slot and sixteen bits are taken for each other, once in some thousand words that stand in no list.
 */
export function listed(hash: number): number {
  const place = hash & (REMEMBERED - 1);
  if (answered[place] !== 0 && asked[place] === hash) return answered[place]! & ANSWER;
  const lists = lookedUp(hash);
  asked[place] = hash;
  answered[place] = lists | ANSWERED;
  return lists;
}

/** Answers that are kept near, a word in the place of another: the same words come again and again. */
const REMEMBERED = 1 << 10;
const ANSWERED = 0x80;
const ANSWER = 0x7f;
const asked = new Int32Array(REMEMBERED);
const answered = new Uint8Array(REMEMBERED);

function lookedUp(hash: number): number {
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

/** True when the word is in a list of first names, and neither ordinary nor a place: `jennifer`. */
export function isOnlyFirstName(hash: number): boolean {
  if (!keys) read();
  const bit = filterBit(slotOf(hash) >> FILTER_SLOTS, keyOf(hash));
  if ((plainNames[bit >> 5]! & (1 << (bit & 31))) === 0) return false;
  return isPlain(listed(hash));
}

function isPlain(lists: number): boolean {
  return (lists & (FIRST_NAME | COMMON | PLACE)) === FIRST_NAME;
}

/** Slots of one bit's word; a word stands at most `PROBES` slots behind its own, and so in these slots or the next. */
const FILTER_SLOTS = 8;

function filterBit(slots: number, key: number): number {
  const mixed = Math.imul((slots << 16) ^ key, 0x9e3779b1);
  return (mixed >>> 15) & (FILTER_BITS - 1);
}

function fillFilter(table: Uint16Array, lists: Uint8Array): void {
  plainNames.fill(0);
  for (const [at, standing] of lists.entries()) {
    if (!isPlain(standing)) continue;
    for (const slot of [at, (at - PROBES) & (SLOTS - 1)]) {
      const bit = filterBit(slot >> FILTER_SLOTS, table[at]!);
      plainNames[bit >> 5]! |= 1 << (bit & 31);
    }
  }
}

function read(): void {
  const bytes = readFileSync(new URL('../../model/lists.bin', import.meta.url));
  if (bytes.byteLength !== SLOTS * 3) throw new Error('model/lists.bin does not fit the tagger; run npm run train:ner');
  keys = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + SLOTS * 2));
  flags = new Uint8Array(bytes.buffer.slice(bytes.byteOffset + SLOTS * 2, bytes.byteOffset + SLOTS * 3));
  fillFilter(keys, flags);
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
  answered.fill(0);
  fillFilter(table, lists);
  return bytes;
}

function slotOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 14) & (SLOTS - 1);
}

function keyOf(hash: number): number {
  return (hash & 0xffff) | 1;
}
