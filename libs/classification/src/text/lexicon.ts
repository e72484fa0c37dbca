import { lowerOf } from './characters.js';

const offset = 0x811c9dc5 | 0;
const prime = 0x01000193;

/** FNV-1a of the word in small letters: the hash that `tokenise` gives it. */
export function hashOf(word: string): number {
  let hash = offset;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ lowerOf[word.charCodeAt(at)]!, prime);
  return hash;
}

/** The lists of words that the passes ask for, one bit each: a word is looked up once, whoever asks. */
export const CUE_START = 1;
export const TITLE = 1 << 1;
export const NAME_KEY = 1 << 2;
export const DIRECT_SIGN = 1 << 3;
export const INDIRECT_SIGN = 1 << 4;
export const SECRET_NAME = 1 << 5;
export const LOGIN = 1 << 6;
export const MONTH = 1 << 7;
export const DIGIT_WORD = 1 << 8;
export const GERMAN = 1 << 9;
export const ANNOUNCING = 1 << 10;
export const STREET_START = 1 << 11;
export const STREET_BEHIND_NUMBER = 1 << 12;
export const PARTICLE = 1 << 13;
export const LEGAL_FORM = 1 << 14;
export const WEEKDAY = 1 << 15;
export const THING = 1 << 16;
export const REVERSED = 1 << 17;
export const KNOWN_PLACE = 1 << 18;
export const SHORT_SURNAME = 1 << 19;

let slots = 1 << 13;
let keys = new Int32Array(slots);
let marks = new Int32Array(slots);
let count = 0;
/** One bit for sixteen of a word's hash: most words stand in no list, and this small table says so. */
const met = new Uint32Array(1 << 11);

/** Puts the words on a list; while the modules load, and never afterwards. */
export function enlist(hashes: Iterable<number>, list: number): void {
  for (const hash of hashes) {
    const at = slotOf(hash);
    met[(hash >>> 5) & 0x7ff]! |= 1 << (hash & 31);
    if (marks[at] === 0) count += 1;
    keys[at] = hash;
    marks[at]! |= list;
    if (count * 3 > slots) grow();
  }
}

/** The lists in which the word of this hash stands. */
export function marksOf(hash: number): number {
  if ((met[(hash >>> 5) & 0x7ff]! & (1 << (hash & 31))) === 0) return 0;
  return marks[slotOf(hash)]!;
}

function slotOf(hash: number): number {
  const mask = slots - 1;
  let at = (hash ^ (hash >>> 15)) & mask;
  while (marks[at] !== 0 && keys[at] !== hash) at = (at + 1) & mask;
  return at;
}

function grow(): void {
  const [oldKeys, oldMarks] = [keys, marks];
  slots *= 2;
  keys = new Int32Array(slots);
  marks = new Int32Array(slots);
  for (const [at, mark] of oldMarks.entries()) {
    if (mark === 0) continue;
    const place = slotOf(oldKeys[at]!);
    keys[place] = oldKeys[at]!;
    marks[place] = mark;
  }
}
