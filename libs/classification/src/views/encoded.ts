import { HAS_DIGIT, LONG, type Tokens } from '../text/tokens.js';
import type { View } from './mapped.js';

const MIN_RUN = LONG;
const PROBE = 24;

/** Octets apart: `62 6f 62`, `62:6f:62`, `01100010 01101111`. */
const octets =
  /(?<![0-9a-fA-F:])[0-9a-fA-F]{2}([ :-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){5,2000}(?![0-9a-fA-F:])|(?<![01])[01]{8}(?: ?[01]{8}){6,2000}(?![01])/g;
/** Base64 over several lines of one length (RFC 2045, 6.8). */
const wrapped =
  /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{16,76}(?:\r?\n[A-Za-z0-9+/]{16,76}){1,400}(?:\r?\n[A-Za-z0-9+/]{1,76})?={0,2}(?![A-Za-z0-9+/=])/g;
const HEX = /^(?:0x)?([0-9a-fA-F]{2})+$/;

/** Base64, base64url and hex runs that decode to readable text; a finding inside covers the run. */
export function encodedViews(tokens: Tokens, budget: number): readonly View[] {
  const { text } = tokens;
  const views: View[] = [];
  let left = budget;
  for (const pattern of [octets, wrapped]) {
    if (pattern === octets ? !mayHoldOctets(tokens) : !mayBeWrapped(text)) continue;
    for (const match of text.matchAll(pattern)) {
      if (left <= 0) break;
      const plain = pattern === octets ? octetsOf(match[0]) : unwrapped(match[0]);
      if (plain === undefined) continue;
      left -= plain.length;
      views.push(whole(pattern === octets ? 'octets' : 'base64', plain, match.index, match[0].length));
    }
  }
  let at = 0;
  for (let each = 0; each < tokens.notableCount && left > 0; each += 1) {
    const index = tokens.notable[each]!;
    const end = tokens.end[index]!;
    if (end <= at || !mayBeInRun(tokens, index)) continue;
    at = runStart(text, Math.max(at, tokens.start[index]!), at);
    while (at < end && left > 0) {
      const start = at;
      let kinds = 0;
      for (; at < text.length && alphabet[text.charCodeAt(at)] !== 0; at += 1) kinds |= alphabet[text.charCodeAt(at)]!;
      if (at === start) at += 1;
      if (at - start < MIN_RUN || !mayBeEncoded(text, start, at, kinds)) continue;
      for (let padding = 0; padding < 2 && text.charCodeAt(at) === 0x3d; padding += 1) at += 1;
      const decoding = decodingOf(text.slice(start, at));
      if (!decoding) continue;
      left -= decoding[1].length;
      views.push(whole(decoding[0], decoding[1], start, at - start));
    }
  }
  return views;
}

/** A run is a long word, or one that a sign of the alphabet stands beside. */
function mayBeInRun({ text, start, end }: Tokens, index: number): boolean {
  const [from, to] = [start[index]!, end[index]!];
  if (to - from >= MIN_RUN || (to < text.length && alphabet[text.charCodeAt(to)] !== 0)) return true;
  return from > 0 && alphabet[text.charCodeAt(from - 1)] !== 0;
}

/** Where the run begins that goes on at the offset, and not before `from`. */
function runStart(text: string, offset: number, from: number): number {
  let start = offset;
  while (start > from && alphabet[text.charCodeAt(start - 1)] !== 0) start -= 1;
  return start;
}

/** Five pairs in a row, or eight binary digits: true of every row of octets. */
function mayHoldOctets(tokens: Tokens): boolean {
  const { text, start, end, flags, coded, codedCount } = tokens;
  if (tokens.shortRun >= 5 && hasPairs(tokens)) return true;
  for (let each = 0; each < codedCount; each += 1) {
    const index = coded[each]!;
    const length = end[index]! - start[index]!;
    if (length < 8 || (flags[index]! & HAS_DIGIT) === 0) continue;
    if (length >= 56 || areBits(text, end[index]! - 8)) return true;
  }
  return false;
}

/** Five words of two characters in a row, one character apart. */
function hasPairs({ count, start, end }: Tokens): boolean {
  let pairs = 0;
  for (let index = 0; index < count; index += 1) {
    if (end[index]! - start[index]! !== 2) {
      pairs = 0;
      continue;
    }
    const gap = index === 0 ? 0 : start[index]! - end[index - 1]!;
    pairs = pairs > 0 && gap === 1 ? pairs + 1 : 1;
    if (pairs >= 5) return true;
  }
  return false;
}

function areBits(text: string, from: number): boolean {
  for (let at = from; at < from + 8; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x30 && code !== 0x31) return false;
  }
  return true;
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

/** The signs of base64 and base64url by kind, and of hex among them. */
const SMALL = 1;
const LARGE = 2;
const NUMBER = 4;
const NO_HEX = 8;
const alphabet = new Uint8Array(65_536);
const sextet = new Uint8Array(65_536);
for (const [value, sign] of Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').entries())
  put(sign, value);
put('-', 62);
put('_', 63);

function put(sign: string, value: number): void {
  const code = sign.charCodeAt(0);
  const kind = /[a-z]/.test(sign) ? SMALL : /[A-Z]/.test(sign) ? LARGE : /\d/.test(sign) ? NUMBER : NO_HEX;
  alphabet[code] = /[0-9A-Fa-f]/.test(sign) ? kind : kind | NO_HEX;
  sextet[code] = value;
}

/** Cheap to ask, and true of every run that decodes to something readable. */
function mayBeEncoded(text: string, start: number, end: number, kinds: number): boolean {
  if ((kinds & NUMBER) !== 0 && ((kinds & NO_HEX) === 0 || text.startsWith('0x', start))) return true;
  // Digits in base64 may have no small letter.
  return (kinds & LARGE) !== 0 && (kinds & (SMALL | NUMBER)) !== 0 && startsReadable(text, start, end);
}

/** The first bytes of the run as base64 hold no control character and no broken UTF-8. */
function startsReadable(text: string, start: number, end: number): boolean {
  const limit = Math.min(end, start + PROBE);
  let count = 0;
  for (let at = start; at + 4 <= limit; at += 4) {
    const word =
      (sextet[text.charCodeAt(at)]! << 18) |
      (sextet[text.charCodeAt(at + 1)]! << 12) |
      (sextet[text.charCodeAt(at + 2)]! << 6) |
      sextet[text.charCodeAt(at + 3)]!;
    if (isControl(word >> 16) || isControl((word >> 8) & 0xff) || isControl(word & 0xff)) return false;
    probed[count] = word >> 16;
    probed[count + 1] = word >> 8;
    probed[count + 2] = word;
    count += 3;
  }
  for (let at = 0; at < count - 6; at += 1) {
    const byte = probed[at]!;
    if (byte < 0x80) continue;
    const more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    if (byte < 0xc2 || byte > 0xf4) return false;
    for (let step = 1; step <= more; step += 1) if ((probed[at + step]! & 0xc0) !== 0x80) return false;
    at += more;
  }
  return true;
}

const probed = new Uint8Array((PROBE / 4) * 3);

function isControl(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13);
}

function decodingOf(run: string): readonly [string, string] | undefined {
  if (HEX.test(run) && /[0-9]/.test(run)) {
    const plain = readable(Buffer.from(run.replace(/^0x/, ''), 'hex'));
    return plain === undefined ? undefined : ['hex', plain];
  }
  if (!/[A-Z]/.test(run)) return undefined;
  if (readable(Buffer.from(run.slice(0, PROBE), 'base64')) === undefined) return undefined;
  const plain = readable(Buffer.from(run, 'base64'));
  if (plain === undefined || (!/[a-z]/.test(run) && !/^[\d ./-]+$/.test(plain))) return undefined;
  return ['base64', plain];
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
