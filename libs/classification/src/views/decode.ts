import { type View, ViewBuilder } from './mapped.js';

const MIN_RUN = 12;
const PROBE = 24;

/** Escapes that stand for one character each: the text around them with the escapes undone. */
const escapes =
  /%[0-9A-Fa-f]{2}|\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#\d{2,7};?|&#[xX][0-9A-Fa-f]{2,6};?|&(?:commat|period|amp|colon|sol|num|lowbar|hyphen|dash|nbsp|quot|lt|gt|at);|=[0-9A-F]{2}(?=(?:=[0-9A-F]{2}){2})|(?<==[0-9A-F]{2})=[0-9A-F]{2}|=[0-9A-F]{2}(?![0-9A-Za-z=])|\\[0-3][0-7]{2}(?=\\[0-3][0-7]{2}|[^0-9]|$)|=(?:40|2E|2D|3A|2F)(?=[\w.])/g;
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
  if (!/[%\\&=]/.test(text)) return [];
  const windows: [number, number][] = [];
  let total = 0;
  for (const match of text.matchAll(escapes)) {
    const start = lineStart(text, match.index);
    const end = lineEnd(text, match.index + match[0].length);
    const last = windows.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else windows.push([start, end]);
    total += match[0].length;
    if (total > ESCAPED_LIMIT) break;
  }
  return windows.map(([start, end]) => undo(text, start, end));
}

function lineStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start < 96 && text[start - 1] !== '\n') start -= 1;
  return start;
}

function lineEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && end - at < 160 && text[end] !== '\n') end += 1;
  return end;
}

function undo(text: string, start: number, end: number): View {
  const builder = new ViewBuilder();
  const part = text.slice(start, end);
  let from = 0;
  for (const match of part.matchAll(escapes)) {
    if (match.index < from) continue;
    for (let at = from; at < match.index; at += 1) builder.add(part[at]!, start + at);
    const octets = /^[%=]/.test(match[0]) ? utf8Of(part, match.index, match[0][0]!) : undefined;
    const [plain, size] = octets ?? [decoded(match[0]), match[0].length];
    builder.add(plain, start + match.index);
    from = match.index + size;
  }
  for (let at = from; at < part.length; at += 1) builder.add(part[at]!, start + at);
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

/** Octets apart: `62 6f 62`, `62:6f:62`, `01100010 01101111`. */
const octets =
  /(?<![0-9a-fA-F:])[0-9a-fA-F]{2}([ :-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){5,2000}(?![0-9a-fA-F:])|(?<![01])[01]{8}(?: ?[01]{8}){6,2000}(?![01])/g;
/** Base64 over several lines of one length (RFC 2045, 6.8). */
const wrapped =
  /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{16,76}(?:\r?\n[A-Za-z0-9+/]{16,76}){1,400}(?:\r?\n[A-Za-z0-9+/]{1,76})?={0,2}(?![A-Za-z0-9+/=])/g;
const runs = /[A-Za-z0-9+/_-]{12,}={0,2}/g;
const HEX = /^(?:0x)?([0-9a-fA-F]{2})+$/;

/** Base64, base64url and hex runs that decode to readable text; a finding inside covers the run. */
export function encodedViews(text: string, budget: number): readonly View[] {
  const views: View[] = [];
  let left = budget;
  for (const pattern of [octets, wrapped]) {
    if (pattern === octets ? !mayHoldOctets(text) : !mayBeWrapped(text)) continue;
    for (const match of text.matchAll(pattern)) {
      if (left <= 0) break;
      const plain = pattern === octets ? octetsOf(match[0]) : unwrapped(match[0]);
      if (plain === undefined) continue;
      left -= plain.length;
      views.push(whole(pattern === octets ? 'octets' : 'base64', plain, match.index, match[0].length));
    }
  }
  for (const match of text.matchAll(runs)) {
    if (left <= 0) break;
    const run = match[0];
    for (const [name, plain] of decodings(run)) {
      left -= plain.length;
      views.push(whole(name, plain, match.index, run.length));
    }
  }
  return views;
}

const octetHead = /[0-9a-f]{2}([ :-])[0-9a-f]{2}\1[0-9a-f]{2}\1[0-9a-f]{2}\1|[01]{8} ?[01]{8} ?[01]{8}/i;

function mayHoldOctets(text: string): boolean {
  return octetHead.test(text);
}

/** Some line's end has sixteen characters of base64 on either side. */
function mayBeWrapped(text: string): boolean {
  for (let at = text.indexOf('\n', 16); at !== -1; at = text.indexOf('\n', at + 1)) {
    const before = text[at - 1] === '\r' ? at - 1 : at;
    if (isEncoded(text, before - 16) && isEncoded(text, at + 1)) return true;
  }
  return false;
}

function isEncoded(text: string, from: number): boolean {
  for (let at = from; at < from + 16; at += 1) {
    const code = at < 0 || at >= text.length ? 0x20 : text.charCodeAt(at);
    if (!(
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x61 && code <= 0x7a) ||
      code === 0x2b ||
      code === 0x2f
    ))
      return false;
  }
  return true;
}

function whole(name: string, text: string, start: number, length: number): View {
  return { name, text, map: new Int32Array(text.length + 1).fill(start), whole: { start, end: start + length } };
}

function octetsOf(run: string): string | undefined {
  const isBinary = /^[01 ]+$/.test(run) && /^[01]{8}/.test(run);
  const digits = run.replaceAll(/[^0-9a-fA-F]/g, '');
  const bytes = isBinary
    ? Buffer.from((digits.match(/.{8}/g) ?? []).map((bits) => Number.parseInt(bits, 2)))
    : Buffer.from(digits, 'hex');
  return readable(bytes);
}

function unwrapped(run: string): string | undefined {
  const lines = run.split(/\r?\n/);
  if (!lines.slice(0, -1).every((line) => line.length === lines[0]!.length)) return undefined;
  const joined = lines.join('');
  return /[a-z]/.test(joined) && /[A-Z]/.test(joined) ? readable(Buffer.from(joined, 'base64')) : undefined;
}

function decodings(run: string): readonly (readonly [string, string])[] {
  if (HEX.test(run) && /[0-9]/.test(run)) {
    const plain = readable(Buffer.from(run.replace(/^0x/, ''), 'hex'));
    return plain === undefined ? [] : [['hex', plain]];
  }
  if (run.length < MIN_RUN || !/[a-z]/.test(run) || !/[A-Z]/.test(run)) return [];
  if (readable(Buffer.from(run.slice(0, PROBE), 'base64')) === undefined) return [];
  const plain = readable(Buffer.from(run, 'base64'));
  return plain === undefined ? [] : [['base64', plain]];
}

/** UTF-8 of which at least 95 % is printable; a character cut at the end of a probe does not count. */
function readable(bytes: Buffer): string | undefined {
  if (bytes.length < 6) return undefined;
  const text = bytes.toString('utf8').replace(/\ufffd{1,3}$/, '');
  let odd = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd || code === 0x7f || (code < 0x20 && code !== 9 && code !== 10 && code !== 13)) odd += 1;
  }
  if (odd > text.length * 0.05) return undefined;
  // By chance a short run gives some letters of UTF-8: only what is mostly plain, or long, was meant to be read.
  const plain = text.match(/[\x20-\x7e\s]/g)?.length ?? 0;
  return text.length < 40 && plain < text.length * 0.85 && !isOneScript(text) ? undefined : text;
}

function isOneScript(text: string): boolean {
  return /^[\p{Script=Cyrillic}\p{P}\s\d]+$|^[\p{Script=Han}\p{P}\s\d]+$|^[\p{Script=Greek}\p{P}\s\d]+$|^[\p{Script=Arabic}\p{P}\s\d]+$/u.test(
    text,
  );
}
