import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../canonical-json.js';
import { randomFrom } from './mutations.fixtures.js';
import { type Random, anyValue } from './random-records.fixtures.js';
import { parseCanonical } from './strict-json.js';

/** Other spellings, broken spellings, and now and then the same text again. */
const twists: readonly ((text: string, random: Random) => string)[] = [
  (text) => text,
  (text, random) =>
    insert(text, random, [' ', '\n', '\t', ',', '0', '.0', 'e0', '-', '\ufeff', '"', '{', ']'][random(12)] as string),
  (text, random) => text.slice(0, random(text.length + 1)),
  (text) => text.replace('a', '\\u0061'),
  (text) => text.replace('/', '\\/'),
  (text) => text.replace('\u20ac', '\\u20ac'),
  (text) => text.replace('\\u0007', '\\u0007'.toUpperCase()),
  (text) => text.replace('\u{1f600}', '\\ud83d'),
  (text) => text.replace('{', '{"":1,"":1,'),
  (text) => text.replace(/\d+/, '9007199254740992'),
  (text) => text.replace(/\d+/, '9007199254740993'),
  (text) => text.replace('0', '-0'),
  (text) => `[${text},${text}]`,
  (text) => text.replace('null', 'NaN'),
  (text) => text.replace('\n', '\u000a'),
  (text) => text.replace('\\n', '\\u000a'),
];

function insert(text: string, random: Random, piece: string): string {
  const at = random(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

/** Texts of random values: canonical ones, and such as differ from one in a trap that RFC 8785 knows. */
export function spellings(count: number, seed: number): readonly string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => {
    const text = canonicalJson(anyValue(random));
    return (twists[random(twists.length)] as (typeof twists)[number])(text, random);
  });
}

/** What each verifier says of each text, as its UTF-8: canonical (1) or not (0). */
export function acceptors(count: number, seed: number) {
  const texts = spellings(count, seed);
  const bytes = texts.map((text) => Buffer.from(text, 'utf8'));
  const script = fileURLToPath(new URL('../../../../test/verifier/canonical.py', import.meta.url));
  const input = bytes.map((one) => one.toString('base64')).join('\n');
  const python = spawnSync('python3', ['-B', script], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const theirs = python.stdout.trim().split('\n');
  const ours = bytes.map((one) => (parseCanonical(one) === undefined ? '0' : '1'));
  return { texts, ours, theirs };
}
