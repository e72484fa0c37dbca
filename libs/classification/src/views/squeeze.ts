import type { Tokens } from '../text/tokens.js';
import { type View, ViewBuilder } from './mapped.js';

/** Single characters with one repeated divider: `4 1 1 1 …`, `b-o-b-@-…`. */
const spaced =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}+@](\s{1,3}|[.\-_,*|/~])[\p{L}\p{N}@.+-](?:\1[\p{L}\p{N}@.+_-]){5,60}(?![\p{L}\p{N}])/gu;
/** Digits as words: `four five three two`. */
const digitWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const spelledDigits = new RegExp(
  `\\b(?:${digitWords.join('|')}|oh)(?:[ ,.-]{1,3}(?:${digitWords.join('|')}|oh|dash|dot)){6,40}\\b`,
  'gi',
);
const spelledSigns: Readonly<Record<string, string>> = {
  oh: '0',
  dash: '-',
  dot: '.',
  ...Object.fromEntries(digitWords.map((word, digit) => [word, String(digit)])),
};
/** A number that goes on in the next line, and in that one only: more lines are a column. */
const broken = /\d[\d -]{3,20}-?\r?\n[ \t>]{0,8}\d[\d -]{2,20}/g;
const spelledAt =
  /[\w.+-]{1,64}(?: ?(?:\(at\)|\[at\]|\{at\}|<at>| at ) ?)[\w-]{1,63}(?:(?: ?(?:\(dot\)|\[dot\]|\{dot\}|<dot>| dot ) ?|\.)[\w-]{1,63}){1,5}/gi;

/** How far around is read with it, so that cues count. */
const MARGIN = 48;

export function squeezeViews(tokens: Tokens): readonly View[] {
  const { text } = tokens;
  const views: View[] = [];
  if (hasSingles(tokens))
    for (const match of text.matchAll(spaced)) views.push(squeezed(text, match.index, match[0], match[1]!));
  if (/\b(?:zero|one|two|three|four|five|six|seven|eight|nine)\b/i.test(text))
    for (const match of text.matchAll(spelledDigits)) views.push(counted(text, match.index, match[0]));
  if (text.includes('\n'))
    for (const match of text.matchAll(broken))
      if (!isColumn(text, match.index, match.index + match[0].length))
        views.push(joined(text, match.index, match[0], ' '), joined(text, match.index, match[0], ''));
  if (!/[([{< ]at[)\]}> ]/i.test(text) || !/[([{< ]dot[)\]}> ]|[)\]}>] ?[\w-]+\./i.test(text)) return views;
  for (const match of text.matchAll(spelledAt)) {
    if (/ ?(?:\(|\[|\{|<) ?at|[ .]dot[ )\]}>]|\(dot|\[dot/i.test(match[0])) views.push(spelled(match.index, match[0]));
  }
  return views;
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
  for (let at = 0; at < run.length; at += 1 + divider.length) builder.add(run[at]!, start + at);
  return builder.build('squeeze', start + run.length);
}

function counted(text: string, start: number, run: string): View {
  const builder = new ViewBuilder();
  lead(text, start, builder);
  for (const match of run.matchAll(/[a-z]+/gi))
    builder.add(spelledSigns[match[0].toLowerCase()] ?? '', start + match.index);
  return builder.build('spelled', start + run.length);
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

function lead(text: string, start: number, builder: ViewBuilder): void {
  for (let at = Math.max(0, start - MARGIN); at < start; at += 1) builder.add(text[at]!, at);
}
