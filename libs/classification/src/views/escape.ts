import { isDigit } from '../text/characters.js';
import { type View, ViewBuilder } from './mapped.js';

/** Escapes that stand for one character each: the text around them with the escapes undone. */
const escapes =
  /%[0-9A-Fa-f]{2}|\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#\d{2,7};?|&#[xX][0-9A-Fa-f]{2,6};?|&(?:commat|period|amp|colon|sol|num|lowbar|hyphen|dash|nbsp|quot|lt|gt|at);|=[0-9A-F]{2}(?=(?:=[0-9A-F]{2}){2})|(?<==[0-9A-F]{2})=[0-9A-F]{2}|=[0-9A-F]{2}(?![0-9A-Za-z=])|\\[0-3][0-7]{2}(?=\\[0-3][0-7]{2}|[^0-9]|$)|=(?:40|2E|2D|3A|2F)(?=[\w.])/y;
const named: Readonly<Record<string, string>> = {
  commat: '@',
  period: '.',
  amp: '&',
  colon: ':',
  sol: '/',
  num: '#',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
  nbsp: ' ',
  quot: '"',
  lt: '<',
  gt: '>',
  at: '@',
};

/** At most this many characters of one text are read again with their escapes undone. */
const ESCAPED_LIMIT = 65_536;

export function escapeView(text: string): readonly View[] {
  const windows: [number, number][] = [];
  let total = 0;
  let lineFrom = 0;
  let lineTo = text.indexOf('\n');
  for (let at = nextEscape(text, 0); at !== -1; at = nextEscape(text, escapes.lastIndex)) {
    const length = escapes.lastIndex - at;
    for (; lineTo !== -1 && lineTo < at + length; lineTo = text.indexOf('\n', lineFrom)) lineFrom = lineTo + 1;
    const start = Math.max(at - BEFORE, Math.min(lineFrom, at));
    const end = Math.min(at + length + BEHIND, lineTo === -1 ? text.length : lineTo);
    const last = windows.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else windows.push([start, end]);
    total += length;
    if (total > ESCAPED_LIMIT) break;
  }
  return windows.map(([start, end]) => undo(text, start, end));
}

/** How much of its line is read with an escape. */
const BEFORE = 96;
const BEHIND = 160;

/** What an escape begins with. */
const isSign = new Uint8Array(65_536);
for (const sign of '%\\&=') isSign[sign.charCodeAt(0)] = 1;

/** Where the next escape begins, or -1; `escapes.lastIndex` is then its end. */
function nextEscape(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (isSign[text.charCodeAt(at)] === 0 || !mayEscape(text, at)) continue;
    escapes.lastIndex = at;
    if (escapes.test(text)) return at;
  }
  return -1;
}

/** Cheap to ask, and true of every escape: the sign goes on with a digit, a hash, `u`, `x` or, behind `&`, a letter. */
function mayEscape(text: string, at: number): boolean {
  const next = text.charCodeAt(at + 1);
  if (isDigit(next)) return text.charCodeAt(at) !== 0x26;
  const sign = text.charCodeAt(at);
  if (sign === 0x26) return next === 0x23 || (next >= 0x61 && next <= 0x7a);
  if (sign === 0x5c) return next === 0x75 || next === 0x78;
  return (next >= 0x41 && next <= 0x46) || (sign === 0x25 && next >= 0x61 && next <= 0x66);
}

function undo(text: string, start: number, end: number): View {
  const builder = new ViewBuilder();
  const part = text.slice(start, end);
  let from = 0;
  let next = 0;
  for (let found = nextEscape(part, 0); found !== -1; found = nextEscape(part, next)) {
    next = escapes.lastIndex;
    if (found < from) continue;
    const escape = part.slice(found, next);
    builder.copy(text, start + from, start + found);
    const octets = /^[%=]/.test(escape) ? utf8Of(part, found, escape[0]!) : undefined;
    const [plain, size] = octets ?? [decoded(escape), escape.length];
    builder.add(plain, start + found);
    from = found + size;
  }
  builder.copy(text, start + from, start + part.length);
  return builder.build('escape', end);
}

/** Escaped octets that are one character of UTF-8 (RFC 3986, 2.5); octets that are none stay as they are written. */
function utf8Of(text: string, at: number, sign: string): readonly [string, number] {
  const first = Number.parseInt(text.slice(at + 1, at + 3), 16);
  if (first < 0x80) return [first < 0x20 ? ' ' : String.fromCharCode(first), 3];
  const count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  const octets = text.slice(at, at + count * 3);
  const hex = octets.split(sign).slice(1);
  const isWhole = count > 1 && hex.length === count && hex.every((pair) => /^[0-9A-Fa-f]{2}$/.test(pair));
  const character = isWhole ? Buffer.from(hex.join(''), 'hex').toString() : '\ufffd';
  return character.includes('\ufffd') ? [text.slice(at, at + 3), 3] : [character, count * 3];
}

function decoded(escape: string): string {
  const name = /^&([a-z]+);$/.exec(escape)?.[1];
  if (name !== undefined) return named[name] ?? '';
  const octal = /^\\([0-3][0-7]{2})$/.exec(escape)?.[1];
  if (octal !== undefined) return printable(Number.parseInt(octal, 8));
  const hex = /^(?:%|\\u\{?|\\x|&#[xX]|=)([0-9A-Fa-f]+)/.exec(escape)?.[1];
  return printable(hex === undefined ? Number(/\d+/.exec(escape)?.[0]) : Number.parseInt(hex, 16));
}

function printable(point: number): string {
  return point >= 0x20 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
    ? String.fromCodePoint(point)
    : ' ';
}
