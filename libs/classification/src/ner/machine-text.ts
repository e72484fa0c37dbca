import { ALL_UPPER, HAS_DIGIT, type Tokens } from '../text/tokens.js';
import { needOf } from '../text/needs.js';
import { isListedName, isOrdinary } from './features.js';

const ATTRIBUTION_BEFORE = 160;
const ATTRIBUTION_BEHIND = 120;
/** A field of that many characters is looked back through. */
const FIELD_BEFORE = 3_000;
/** Longer lines with hardly a blank are minified code or source maps. */
const DENSE_LINE = 160;
const DENSE_AROUND = 400;
const DENSE_SHARE = 0.03;

/** Groups of a source map: `CAAC,MAAK;CAAe`. */
const mapping = /(?<![A-Za-z])[A-Z]AA[A-Z][A-Za-z+/]{0,8}[,;]/g;

/** `Copyright (c) 2013 …`, `"author": "…"`, `@author …`: public attributions of works, about nobody's affairs. */
const copyright = /(?:copyright|\(c\)|©|&copy;)/i;
const years = /\b(?:19|20)\d\d\b/;
const authorKey = /(?:"(?:author|authors|contributors?|maintainers?)"\s*:\s*[[{"]|@(?:author|copyright)\b)/;
const attributed = /"(?:name|author)"\s*:\s*"?$|^\s*["-]?\s*$|[["]$/;

const needOfAttribution = needOf(
  /"author|"contributors|"maintainers|@author|@copyright|copyright|\(c\)|&copy;|Foundation|59 Temple Pl|675 Mass/i,
);

/** Cheap to ask, and true of every text in which something is attributed. */
export function mayAttribute({ text, grams, isPlain }: Tokens): boolean {
  return grams.mayHold(needOfAttribution) || text.includes('51 ') || (!isPlain && text.includes('\u00a9'));
}

/** What stands in front in the same line, at most so many characters: a line may be as long as the text. */
function lineBefore(text: string, start: number, most: number): string {
  const before = text.slice(Math.max(0, start - most), start);
  return before.slice(before.lastIndexOf('\n') + 1);
}

/** The same of what begins at the offset. */
function lineBehind(text: string, start: number, most: number): string {
  const behind = text.slice(start, start + most);
  const end = behind.indexOf('\n');
  return end === -1 ? behind : behind.slice(0, end);
}

/** True where the line or the field credits the authors of a work. */
export function isAttribution(text: string, start: number): boolean {
  const line = lineBefore(text, start, ATTRIBUTION_BEFORE);
  if (authorKey.test(line)) return true;
  if (
    copyright.test(line) &&
    (years.test(line) ||
      years.test(lineBehind(text, start, ATTRIBUTION_BEHIND)) ||
      /copyright\s*(?:\(c\)|©)|^\W*copyright /i.test(line))
  )
    return true;
  if (isCopyrightField(text, start) || isFoundation(text, start)) return true;
  if (!attributed.test(line)) return false;
  const before = text.slice(Math.max(0, start - 700), start);
  const opened = Math.max(
    before.lastIndexOf('"contributors"'),
    before.lastIndexOf('"maintainers"'),
    before.lastIndexOf('"author"'),
    before.lastIndexOf('"authors"'),
  );
  return opened !== -1 && !/\]\s*,\s*"|\}\s*,\s*"(?!\s*$)/.test(before.slice(opened));
}

const foundation = /\bFoundation,?\s{1,8}Inc\.,?[^@]{0,90}$|\b51 (?:Franklin St[^@]{0,60})?$/i;
const foundationStreets = /^(?:51 Franklin St|59 Temple Pl|675 Mass)/;

/** True in the address of the Free Software Foundation, which licences repeat. */
export function isFoundation(text: string, start: number): boolean {
  return (
    foundationStreets.test(text.slice(start, start + 16)) ||
    foundation.test(text.slice(Math.max(0, start - ATTRIBUTION_BEFORE), start))
  );
}

/** A line that continues the field `Copyright:` of a machine-readable copyright file (DEP-5). */
function isCopyrightField(text: string, start: number): boolean {
  if (!text.includes('\nCopyright:')) return false;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const sign = text[lineStart];
  if (sign !== ' ' && sign !== '\t') return false;
  const before = text.slice(Math.max(0, lineStart - FIELD_BEFORE), lineStart);
  const field = before.lastIndexOf('\nCopyright:');
  return field !== -1 && !/\n\S/.test(before.slice(field + 1));
}

/** True in a line that machines wrote without a blank: minified code, a source map, a long key. */
export function isDense(text: string, start: number): boolean {
  const from = start - lineBefore(text, start, DENSE_AROUND).length;
  const end = start + lineBehind(text, start, DENSE_AROUND).length;
  const around = text.slice(Math.max(from, start - 40), Math.min(end, start + 40));
  if (around.includes('AA') && (around.match(mapping)?.length ?? 0) > 1) return true;
  if (end - from < DENSE_LINE) return false;
  const least = (end - from) * DENSE_SHARE;
  let blanks = 0;
  for (let at = from; at < end && blanks < least; at += 1) if (text.charCodeAt(at) === 0x20) blanks += 1;
  return blanks < least;
}

/** True among words all in capitals, two of them ordinary: a heading, a table of signs. Listed names stay. */
export function isLoudText(tokens: Tokens, first: number, last: number): boolean {
  for (let index = first; index <= last; index += 1) if ((tokens.flags[index]! & ALL_UPPER) === 0) return false;
  let ordinary = 0;
  let listed = true;
  for (let index = first; index <= last; index += 1) {
    if (isOrdinary(tokens, index)) ordinary += 1;
    if (!isListedName(tokens, index) || isOrdinary(tokens, index)) listed = false;
  }
  for (const step of [-1, 1]) {
    for (let index = step < 0 ? first - 1 : last + 1, far = 0; far < 4; far += 1, index += step) {
      if (index < 0 || index >= tokens.count || isBroken(tokens, index, step)) break;
      const flags = tokens.flags[index]!;
      if ((flags & HAS_DIGIT) !== 0) continue;
      if ((flags & ALL_UPPER) === 0 || tokens.end[index]! - tokens.start[index]! < 2) break;
      ordinary += 1;
    }
  }
  return ordinary >= (listed ? 3 : 2);
}

function isBroken(tokens: Tokens, index: number, step: number): boolean {
  const [left, right] = step < 0 ? [index, index + 1] : [index - 1, index];
  return tokens.text.slice(tokens.end[left], tokens.start[right]).includes('\n');
}
