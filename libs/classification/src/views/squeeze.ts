import type { Scene } from '../detect/scene.js';
import { isDigit, isWordCode } from '../text/characters.js';
import { DIGIT_WORD, enlist, REVERSED } from '../text/lexicon.js';
import { needOf } from '../text/needs.js';
import { hashOf, type Tokens } from '../text/tokens.js';
import { type View, ViewBuilder } from './mapped.js';

/** Single characters with one repeated divider: `4 1 1 1 …`, `b-o-b-@-…`. */
const spaced =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}+@](\s{1,3}|[.\-_,*|/~])[\p{L}\p{N}@.+-](?:\1[\p{L}\p{N}@.+_ /()-]){5,60}(?![\p{L}\p{N}])/gu;
/** Digits as words: `four five three two`. */
const digitWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const spelledDigits = new RegExp(
  `\\b(?:${digitWords.join('|')}|oh)(?:[ ,.-]{1,3}(?:${digitWords.join('|')}|oh|dash|dot)){6,40}\\b`,
  'gi',
);
enlist([...digitWords, 'oh', 'dash', 'dot'].map(hashOf), DIGIT_WORD);
const spelledSigns: Readonly<Record<string, string>> = {
  oh: '0',
  dash: '-',
  dot: '.',
  ...Object.fromEntries(digitWords.map((word, digit) => [word, String(digit)])),
};
/** A number that goes on in the next line, and in that one only: more lines are a column. */
const broken = /[\dA-Z][\dA-Z -]{2,20}-?\r?\n[ \t>]{0,8}\d[\dA-Z /-]{2,24}/y;
const spelledAt =
  /[\w.+-]{1,64}(?: ?(?:\(at\)|\[at\]|\{at\}|<at>| at ) ?)[\w-]{1,63}(?:(?: ?(?:\(dot\)|\[dot\]|\{dot\}|<dot>| dot ) ?|\.)[\w-]{1,63}){1,5}/iy;

/** A name letter by letter: `J-O-H-N S-M-I-T-H`, with more than one such word or at least four letters. */
const spelledNames =
  /(?<![\p{L}\p{N}-])\p{L}([-.])\p{L}(?:\1\p{L}){2,20}(?: {1,3}\p{L}\1\p{L}(?:\1\p{L}){1,20}){0,3}(?![\p{L}\p{N}-])/gu;
enlist(
  ['reversed', 'backwards', 'backward', 'reverse', 'rückwärts', 'umgekehrt', 'envers', 'revés', 'contrario'].map(
    hashOf,
  ),
  REVERSED,
);
/** More names letter by letter than that are not read, and the result says that it is incomplete. */
const MOST_NAMES = 64;
/** A longer text is not read backwards. */
const MOST_REVERSED = 4_096;

/** How far around is read with it, so that cues count. */
const MARGIN = 48;

export function squeezeViews(scene: Scene): { readonly views: readonly View[]; readonly complete: boolean } {
  const { text, tokens, grams } = scene;
  const views: View[] = [];
  const singles = hasSingles(tokens);
  if (singles) for (const match of text.matchAll(spaced)) views.push(squeezed(text, match.index, match[0], match[1]!));
  if (hasDigitWords(tokens))
    for (const match of text.matchAll(spelledDigits)) views.push(counted(text, match.index, match[0]));
  let names = 0;
  for (const match of singles ? text.matchAll(spelledNames) : []) {
    if (!isOwn(scene, match)) continue;
    names += 1;
    if (names > MOST_NAMES) break;
    views.push(spelledName(text, match.index, match[0]));
  }
  views.push(...reversed(tokens));
  for (const [start, run] of tokens.hasSign(0x0a) ? brokenNumbers(text) : [])
    if (!isColumn(text, start, start + run.length))
      views.push(joined(text, start, run, ' '), joined(text, start, run, ''));
  for (const [start, run] of spelledAddresses(tokens, grams.mayHold(needOfDot))) views.push(spelled(start, run));
  return { views, complete: names <= MOST_NAMES };
}

/** False for a run in what stands around the run of a view: the outer text has it, and reads it there. */
function isOwn({ core }: Scene, { index, 0: { length } }: RegExpMatchArray & { readonly index: number }): boolean {
  return core === undefined || (index < core[1] && index + length > core[0]);
}

/** Numbers that go on behind a line's end, found from the line's end outwards. */
function brokenNumbers(text: string): readonly (readonly [number, string])[] {
  const found: [number, string][] = [];
  let from = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    const before = text.charCodeAt(at - 1) === 0x0d ? at - 1 : at;
    if (!isNumberEnd(text.charCodeAt(before - 1)) || !isNumberAfter(text, at + 1)) continue;
    let start = before;
    while (start > from && before - start < 23 && isNumberSign(text.charCodeAt(start - 1))) start -= 1;
    for (; start < before - 2; start += 1) {
      broken.lastIndex = start;
      if (!isCapitalOrDigit(text.charCodeAt(start)) || !broken.test(text)) continue;
      found.push([start, text.slice(start, broken.lastIndex)]);
      from = broken.lastIndex;
      break;
    }
  }
  return found;
}

/** What numbers of identity are written with: digits, capitals, a blank or a hyphen. */
function isNumberSign(code: number): boolean {
  return isCapitalOrDigit(code) || code === 0x20 || code === 0x2d;
}

function isCapitalOrDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a);
}

function isNumberEnd(code: number): boolean {
  return isDigit(code) || code === 0x20 || code === 0x2d;
}

function isNumberAfter(text: string, from: number): boolean {
  let at = from;
  while (at - from < 8 && (text[at] === ' ' || text[at] === '\t' || text[at] === '>')) at += 1;
  return isDigit(text.charCodeAt(at));
}

const atWord = hashOf('at');
const needOfDot = needOf(/dot/);
const brackets = Array.from('([{<', (sign) => sign.charCodeAt(0));

/** `bob (at) example.com`, `bob at example dot com`, found from each `at` outwards. */
function spelledAddresses(tokens: Tokens, hasDot: boolean): readonly (readonly [number, string])[] {
  const { text } = tokens;
  const found: [number, string][] = [];
  if (!hasDot && !brackets.some((sign) => tokens.hasSign(sign))) return found;
  let from = 0;
  for (let index = 1; index < tokens.count; index += 1) {
    if (tokens.hash[index] !== atWord || tokens.start[index]! < from) continue;
    const sign = text[tokens.start[index]! - 1]!;
    if (!(sign === ' ' ? hasDot : '([{<'.includes(sign))) continue;
    let end = tokens.start[index]! - 1;
    if (sign !== ' ' && text[end - 1] === ' ') end -= 1;
    let start = end;
    while (start > from && end - start < 64 && isLocalSign(text.charCodeAt(start - 1))) start -= 1;
    if (start === end) continue;
    spelledAt.lastIndex = start;
    if (!spelledAt.test(text)) continue;
    const run = text.slice(start, spelledAt.lastIndex);
    from = spelledAt.lastIndex;
    if (/ ?(?:\(|\[|\{|<) ?at|[ .]dot[ )\]}>]|\(dot|\[dot/i.test(run)) found.push([start, run]);
  }
  return found;
}

function isLocalSign(code: number): boolean {
  return (code < 0x80 && isWordCode(code)) || code === 0x5f || code === 0x2e || code === 0x2b || code === 0x2d;
}

/** Seven words for digits in a row. */
function hasDigitWords({ count, marks, lists }: Tokens): boolean {
  if ((lists & DIGIT_WORD) === 0) return false;
  let run = 0;
  for (let index = 0; index < count; index += 1) {
    run = (marks[index]! & DIGIT_WORD) === 0 ? 0 : run + 1;
    if (run >= 7) return true;
  }
  return false;
}

/** Digits in the line before or in the line behind: a column of numbers. */
function isColumn(text: string, start: number, end: number): boolean {
  return (
    /\d[ \t]{0,2}\r?\n[ \t>]{0,8}$/.test(text.slice(Math.max(0, start - 16), start)) ||
    /^[\d -]{0,8}\r?\n[ \t>]{0,8}\d/.test(text.slice(end, end + 24))
  );
}

/** Five words of one character in a row. */
function hasSingles(tokens: Tokens): boolean {
  if (tokens.shortRun < 5) return false;
  let run = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    if (tokens.end[index]! - tokens.start[index]! !== 1) run = 0;
    else if (index === 0 || tokens.start[index]! - tokens.end[index - 1]! <= 3) run += 1;
    if (run >= 5) return true;
  }
  return false;
}

function squeezed(text: string, start: number, run: string, divider: string): View {
  const builder = new ViewBuilder();
  lead(text, start, builder);
  const from = builder.length;
  for (let at = 0; at < run.length; at += 1 + divider.length) builder.addCode(run.charCodeAt(at), start + at);
  const core = [from, builder.length] as const;
  trail(text, start + run.length, builder);
  return builder.build('squeeze', Math.min(text.length, start + run.length + MARGIN), core);
}

function counted(text: string, start: number, run: string): View {
  const builder = new ViewBuilder();
  lead(text, start, builder);
  for (const match of run.matchAll(/[a-z]+/gi))
    builder.add(spelledSigns[match[0].toLowerCase()] ?? '', start + match.index);
  trail(text, start + run.length, builder);
  return builder.build('spelled', Math.min(text.length, start + run.length + MARGIN));
}

function joined(text: string, start: number, run: string, glue: string): View {
  const builder = new ViewBuilder();
  lead(text, start, builder);
  const gap = /(-?)\r?\n[ \t>]{0,8}/.exec(run)!;
  for (let at = 0; at < run.length; at += 1) {
    if (at === gap.index) builder.add(gap[1] === '-' ? '-' : glue, start + at);
    if (at < gap.index || at >= gap.index + gap[0].length) builder.add(run[at]!, start + at);
  }
  return builder.build('line-break', start + run.length);
}

function spelled(start: number, run: string): View {
  const builder = new ViewBuilder();
  const words = / ?(?:[([{<](at|dot)[)\]}>]| (at|dot) ) ?/gi;
  let from = 0;
  for (const match of run.matchAll(words)) {
    for (let at = from; at < match.index; at += 1) builder.add(run[at]!, start + at);
    builder.add(/at/i.test(match[0]) ? '@' : '.', start + match.index);
    from = match.index + match[0].length;
  }
  for (let at = from; at < run.length; at += 1) builder.add(run[at]!, start + at);
  return builder.build('spelled', start + run.length);
}

/** With capitals as names have them. */
function spelledName(text: string, start: number, run: string): View {
  const builder = new ViewBuilder();
  lead(text, start, builder);
  let isFirst = true;
  for (let at = 0; at < run.length; at += 1) {
    const sign = run[at]!;
    if (sign === '-' || sign === '.') continue;
    builder.add(sign === ' ' ? sign : isFirst ? sign.toUpperCase() : sign.toLowerCase(), start + at);
    isFirst = sign === ' ';
  }
  return builder.build('spelled', start + run.length);
}

/** The text from its end, where it says of itself that something stands backwards. */
function reversed(tokens: Tokens): readonly View[] {
  const { text } = tokens;
  if (text.length > MOST_REVERSED || !hasReversed(tokens)) return [];
  const builder = new ViewBuilder();
  for (let at = text.length - 1; at >= 0; at -= 1) builder.add(text[at]!, at);
  return [builder.build('reversed', 0), valuesReversed(text)];
}

/** What holds a digit or an address sign, with blanks and dashes between digits: a value among words. */
const values = /(?<![^\s("'`=:])(?=[^\s"'`]{0,80}[\d@])[^\s"'`=:]{4,80}(?: (?=[^\s"'`]{0,12}\d)[^\s"'`=:]{1,12}){0,6}/g;

/** Each value from its end where it stands, so that the words around it still say what it is. */
function valuesReversed(text: string): View {
  const builder = new ViewBuilder();
  let from = 0;
  for (const match of text.matchAll(values)) {
    let end = match.index + match[0].length;
    while (end > match.index + 4 && /[),.;!?]/.test(text[end - 1]!)) end -= 1;
    for (let at = from; at < match.index; at += 1) builder.add(text[at]!, at);
    for (let at = end - 1; at >= match.index; at -= 1) builder.add(text[at]!, at);
    from = end;
  }
  for (let at = from; at < text.length; at += 1) builder.add(text[at]!, at);
  return builder.build('reversed', text.length);
}

function hasReversed({ count, marks, lists }: Tokens): boolean {
  if ((lists & REVERSED) === 0) return false;
  for (let index = 0; index < count; index += 1) if ((marks[index]! & REVERSED) !== 0) return true;
  return false;
}

/** What stands behind, for a cue may stand there. */
function trail(text: string, end: number, builder: ViewBuilder): void {
  builder.copy(text, end, Math.min(text.length, end + MARGIN));
}

function lead(text: string, start: number, builder: ViewBuilder): void {
  builder.copy(text, Math.max(0, start - MARGIN), start);
}
