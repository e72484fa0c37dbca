import { isOpen as mayBeName } from '../ner/features.js';
import { isSpace } from '../text/characters.js';
import { CAPITAL, HAS_DIGIT, hashOf, Tokens } from '../text/tokens.js';

/** How many of the last characters are looked at for something that may go on. */
const TAIL = 320;
const KEY_BLOCK = 8_192;
/** Longer words are keys: no cue behind them matters. */
const LONGEST = 14;
/** As far behind a number as its cue may stand. */
const WORDS_AFTER = 4;
const CHARACTERS_AFTER = 24;
/** The tagger looks two words ahead; the last of them may still grow. */
const WORDS_AHEAD = 3;

/**
 * The first character that may belong to something unfinished: the last word, a number whose groups or cue may still
 * follow, a name, an open key block. Everything before it may leave.
 */
export function openFrom(text: string): number {
  const block = text.lastIndexOf('-----BEGIN');
  if (block !== -1 && text.length - block < KEY_BLOCK && !/-----END [A-Z0-9 ]+-----/.test(text.slice(block)))
    return block;
  const word = leadOf(text, text.length);
  const base = leadOf(text, Math.max(0, text.length - TAIL));
  const tokens = room.read(text.slice(base));
  const open = Math.min(numberFrom(tokens), nameFrom(tokens), singlesFrom(tokens));
  return open >= tokens.text.length ? word : Math.min(word, leadOf(text, base + open));
}

const room = new Tokens();

/** Where the unbroken run of characters in front of the offset begins. */
function leadOf(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && !isSpace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** A number at the end, with its groups and the capitals behind it, as long as words behind it could be its cue. */
function numberFrom(tokens: Tokens): number {
  const { text } = tokens;
  let open = text.length;
  let capitals = true;
  for (let index = tokens.count - 1; index >= 0; index -= 1) {
    const end = tokens.end[index]!;
    const isNumber = (tokens.flags[index]! & HAS_DIGIT) !== 0 && end - tokens.start[index]! <= LONGEST;
    const words = tokens.count - 1 - index;
    const isNear = words <= WORDS_AFTER && text.length - end <= CHARACTERS_AFTER && !text.slice(end).includes('\n');
    const isJoined = open < text.length && open - end <= 3 && isNumber;
    const isStreet = capitals && words <= 9;
    if (!isNear && !isJoined && !isStreet) break;
    if (isNumber) open = tokens.start[index]!;
    else if ((tokens.flags[index]! & CAPITAL) === 0) capitals = false;
  }
  return open;
}

/** A possible name at the end, back to the first of its capitals. */
function nameFrom(tokens: Tokens): number {
  let open = tokens.text.length;
  const least = Math.max(0, tokens.count - 1 - WORDS_AHEAD);
  for (let index = tokens.count - 1; index >= least; index -= 1)
    if (mayBeName(tokens, index, 0) && lengthOf(tokens, index) <= 32 && !isKey(tokens, index))
      open = firstCapital(tokens, index);
  return open;
}

/** Small words that an address begins with: `ul. Marszałkowska 10`. */
const streets = new Set(
  'ul al os pl rue via viale piazza calle avenida av rua strada corso de la le des'.split(' ').map(hashOf),
);

function lengthOf(tokens: Tokens, index: number): number {
  return tokens.end[index]! - tokens.start[index]!;
}

function isKey(tokens: Tokens, index: number): boolean {
  return (tokens.flags[index]! & HAS_DIGIT) !== 0 && lengthOf(tokens, index) > LONGEST;
}

function firstCapital(tokens: Tokens, index: number): number {
  let first = index;
  while (first > 0 && index - first < 8) {
    const gap = tokens.start[first]! - tokens.end[first - 1]!;
    const joins = (tokens.flags[first - 1]! & CAPITAL) !== 0 && gap <= 3 && !isSentenceEnd(tokens, first - 1);
    const particle =
      gap <= 1 &&
      tokens.end[first - 1]! - tokens.start[first - 1]! <= 3 &&
      first > 1 &&
      (tokens.flags[first - 2]! & CAPITAL) !== 0;
    const street = gap <= 2 && streets.has(tokens.hash[first - 1]!);
    if (!joins && !particle && !street) break;
    first -= 1;
  }
  return tokens.start[first]!;
}

function isSentenceEnd(tokens: Tokens, index: number): boolean {
  const sign = tokens.text[tokens.end[index]!];
  return (sign === '!' || sign === '?' || sign === '\n') && tokens.end[index]! - tokens.start[index]! > 1;
}

/** Single characters at the end that may go on being spelled out. */
function singlesFrom(tokens: Tokens): number {
  let first = tokens.count;
  while (first > 0 && lengthOf(tokens, first - 1) === 1) first -= 1;
  return tokens.count - first >= 2 ? tokens.start[first]! : tokens.text.length;
}
