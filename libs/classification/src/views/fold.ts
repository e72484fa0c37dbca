import { classOf, isWordCode, STRANGE } from '../text/characters.js';
import { HAS_DIGIT, NON_ASCII, type Tokens } from '../text/tokens.js';
import { confusable, digitLike } from './confusables.js';
import { type View, ViewBuilder } from './mapped.js';

/** What is scanned again on either side of something strange. */
const MARGIN = 96;

/** The text around everything that hides: plain letters and digits instead of look-alikes, nothing invisible. */
export function foldViews(tokens: Tokens): readonly View[] {
  const { text } = tokens;
  if (tokens.isPlain) return [];
  const triggers = [...strangeCharacters(text), ...mixedWords(tokens)].toSorted((a, b) => a - b);
  return windows(triggers, text.length).map(([start, end]) => fold(text, start, end));
}

/** Offsets of characters that fold to something else, or that stand invisibly inside or beside a word. */
function strangeCharacters(text: string): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    if (code >= 0xd800 && code <= 0xdbff) {
      if (code === 0xd835 || code === 0xdb40 || (code === 0xd83c && text.charCodeAt(at + 1) < 0xdd70)) found.push(at);
      at += 1;
    } else if (isDash(code)) {
      if (isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at + 1))) found.push(at);
    } else if (isOverlay(code) || code === 0x2024 || code === 0xad || (code >= 0xfe50 && code <= 0xfe6f)) {
      found.push(at);
    } else if ((classOf[code]! & STRANGE) !== 0 && (classOf[code]! !== STRANGE || isBesideWord(text, at))) {
      found.push(at);
    }
  }
  return found;
}

/** Dashes that stand for the hyphen of an address, a key or a number. */
function isDash(code: number): boolean {
  return (code >= 0x2010 && code <= 0x2015) || code === 0x2212 || code === 0xfe63;
}

function isOverlay(code: number): boolean {
  return (code >= 0x300 && code <= 0x36f) || (code >= 0x20d0 && code <= 0x20ff);
}

function isBesideWord(text: string, at: number): boolean {
  const before = at > 0 ? text.charCodeAt(at - 1) : 0;
  const after = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
  return isPlain(before) || isPlain(after) || (classOf[after]! & STRANGE) !== 0;
}

function isPlain(code: number): boolean {
  return code < 0x80 && code > 0x20;
}

/** Words that mix Latin letters or digits with look-alikes of other scripts. */
function mixedWords(tokens: Tokens): readonly number[] {
  const found: number[] = [];
  for (let index = 0; index < tokens.count; index += 1) {
    if ((tokens.flags[index]! & NON_ASCII) === 0) continue;
    const word = tokens.text.slice(tokens.start[index], tokens.end[index]);
    if (isMixed(word) || ((tokens.flags[index]! & HAS_DIGIT) !== 0 && hasConfusable(word)))
      found.push(tokens.start[index]!);
    else if (isLookAlike(tokens.text, tokens.start[index]!, tokens.end[index]!, word)) found.push(tokens.start[index]!);
  }
  return found;
}

function hasConfusable(word: string): boolean {
  for (let at = 0; at < word.length; at += 1) if (confusable.has(word.charCodeAt(at))) return true;
  return false;
}

function isMixed(word: string): boolean {
  return /[A-Za-z]/.test(word) && hasConfusable(word);
}

/** A word wholly of look-alikes beside an address sign: `раура@…`, `….соm`. */
function isLookAlike(text: string, start: number, end: number, word: string): boolean {
  const beside = `${text[start - 1] ?? ''}${text[end] ?? ''}`;
  if (!/[@_]/.test(beside)) return false;
  for (let at = 0; at < word.length; at += 1) if (!confusable.has(word.charCodeAt(at))) return false;
  return true;
}

function windows(triggers: readonly number[], length: number): readonly (readonly [number, number])[] {
  const merged: [number, number][] = [];
  for (const at of triggers) {
    const last = merged.at(-1);
    const [start, end] = [Math.max(0, at - MARGIN), Math.min(length, at + MARGIN)];
    if (last && start <= last[1]) last[1] = end;
    else merged.push([start, end]);
  }
  return merged;
}

function fold(text: string, from: number, to: number): View {
  const builder = new ViewBuilder();
  let start = from;
  let end = to;
  while (start > 0 && isWordCode(text.charCodeAt(start - 1)) && from - start < 32) start -= 1;
  while (end < text.length && isWordCode(text.charCodeAt(end)) && end - to < 32) end += 1;
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code >= 0x80 && !isWordCode(code)) at += foldSign(text, at, builder);
    else if (!isWordCode(code)) {
      builder.addCode(code, at);
      at += 1;
    } else at = foldWord(text, at, end, builder);
  }
  return builder.build('fold', end);
}

function foldSign(text: string, at: number, builder: ViewBuilder): number {
  const point = text.codePointAt(at)!;
  const size = point > 0xffff ? 2 : 1;
  if (isDash(point)) builder.add('-', at);
  else if (point >= 0xe0020 && point <= 0xe007e) builder.add(String.fromCharCode(point - 0xe0000), at);
  else if (!/\p{Cf}|\p{Variation_Selector}|\p{Me}/u.test(String.fromCodePoint(point)))
    builder.add(foldPoint(String.fromCodePoint(point)), at);
  return size;
}

/** One word, marks over plain letters and digits dropped, look-alikes folded where it mixes scripts. */
function foldWord(text: string, from: number, limit: number, builder: ViewBuilder): number {
  let to = from;
  while (to < limit && isWordCode(text.charCodeAt(to))) to += 1;
  const word = text.slice(from, to);
  if (isPlainWord(word)) {
    builder.copy(text, from, to);
    return to;
  }
  const numeric = /\d/.test(word) && !/[A-Za-z]{2}/.test(word);
  // A word of one script stays as it is: an `ИНН` with an invisible sign near it is still one.
  const isMasked = /[A-Za-z\d]/.test(word) || isLookAlike(text, from, to, word);
  for (let at = from; at < to; at += 1) {
    const sign = text[at]!;
    const code = text.charCodeAt(at);
    if (isOverlay(code)) continue;
    const digit = numeric && code >= 0x80 ? digitLike.get(sign) : undefined;
    builder.add(digit ?? (isMasked ? confusable.get(code) : undefined) ?? foldPoint(sign), at);
  }
  return to;
}

/** What was folded before; letters of one script come again and again. */
const foldedPoints = new Map<string, string>();
const MOST_FOLDED = 4_096;

function foldPoint(sign: string): string {
  const known = foldedPoints.get(sign);
  if (known !== undefined) return known;
  const normal = sign.normalize('NFKC');
  const folded = /^\p{Nd}$/u.test(normal) && normal > '9' ? String(digitValue(normal)) : normal;
  if (foldedPoints.size < MOST_FOLDED) foldedPoints.set(sign, folded);
  return folded;
}

/** Digits of every script stand in tens, each ten starting at its zero. */
function digitValue(sign: string): number {
  const point = sign.codePointAt(0)!;
  let zero = point;
  while (point - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return point >= 0x1d7ce && point <= 0x1d7ff ? (point - 0x1d7ce) % 10 : point - zero;
}

function isPlainWord(word: string): boolean {
  for (let at = 0; at < word.length; at += 1) if (word.charCodeAt(at) > 0x7f) return false;
  return true;
}
