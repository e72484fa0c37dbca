import { isSpace } from '../text/characters.js';
import { HAS_DIGIT, tokenise } from '../text/tokens.js';

/** How many of the last characters are looked at for something that may go on. */
const TAIL = 320;
const KEY_BLOCK = 8_192;
/** Longer words are keys: no cue behind them matters. */
const LONGEST = 14;
const WORDS_AFTER = 4;
const CHARACTERS_AFTER = 24;

/**
 * The first character that may belong to something unfinished: the last word, a number whose groups or cue may still
 * follow, an open key block. Everything before it may leave.
 */
export function openFrom(text: string): number {
  const block = text.lastIndexOf('-----BEGIN');
  if (block !== -1 && text.length - block < KEY_BLOCK && !/-----END [A-Z0-9 ]+-----/.test(text.slice(block)))
    return block;
  let at = text.length;
  while (at > 0 && !isSpace(text.charCodeAt(at - 1))) at -= 1;
  return Math.min(at, numberFrom(text));
}

/** A number at the end, with its groups, as long as words behind it could still be its cue. */
function numberFrom(text: string): number {
  const base = Math.max(0, text.length - TAIL);
  const tokens = tokenise(text.slice(base));
  let open = text.length;
  for (let index = tokens.count - 1; index >= 0; index -= 1) {
    const isNumber = (tokens.flags[index]! & HAS_DIGIT) !== 0 && tokens.end[index]! - tokens.start[index]! <= LONGEST;
    const end = base + tokens.end[index]!;
    const words = tokens.count - 1 - index;
    const isNear = words <= WORDS_AFTER && text.length - end <= CHARACTERS_AFTER && !text.slice(end).includes('\n');
    const isJoined = open < text.length && open - end <= 3 && isNumber;
    if (!isNear && !isJoined) break;
    if (isNumber && (isJoined || isNear)) open = withLead(text, base + tokens.start[index]!);
  }
  return open;
}

function withLead(text: string, start: number): number {
  let at = start;
  while (at > 0 && !isSpace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}
