import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '@writ/domain';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../canonical-json.js';
import { randomFrom } from './mutations.fixtures.js';
import { parseCanonical } from './strict-json.js';

type Random = (below: number) => number;

const letters = [
  'a',
  'B',
  '"',
  '\\',
  '/',
  '\n',
  '\u0007',
  '\u007f',
  '\u00e9',
  '\u20ac',
  '\u2028',
  '\u{1f600}',
  '\ufb33',
  'z',
];

function anyText(random: Random): string {
  return Array.from({ length: random(6) }, () => letters[random(letters.length)] as string).join('');
}

function anyValue(random: Random, depth = 0): JsonValue {
  const kind = random(depth > 3 ? 4 : 6);
  if (kind === 0) return anyText(random);
  if (kind === 1) return [0, -1, 7, 2 ** 53 - 1, -(2 ** 53 - 1), random(1_000_000)][random(6)] as number;
  if (kind === 2) return random(2) === 0;
  if (kind === 3) return null;
  if (kind === 4) return Array.from({ length: random(4) }, () => anyValue(random, depth + 1));
  return Object.fromEntries(Array.from({ length: random(4) }, () => [anyText(random), anyValue(random, depth + 1)]));
}

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
  (text) => text.replace('0', '-0'),
  (text) => `[${text},${text}]`,
  (text) => text.replace('null', 'NaN'),
];

function insert(text: string, random: Random, piece: string): string {
  const at = random(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

describe('canonical JSON', () => {
  it('is the same language to both verifiers, spelling by spelling', () => {
    const random = randomFrom(7);
    const texts = Array.from({ length: 20_000 }, () => {
      const text = canonicalJson(anyValue(random));
      return (twists[random(twists.length)] as (typeof twists)[number])(text, random);
    });
    const bytes = texts.map((text) => Buffer.from(text, 'utf8'));
    const script = fileURLToPath(new URL('../../../../test/verifier/canonical.py', import.meta.url));
    const input = bytes.map((one) => one.toString('base64')).join('\n');
    const answers = spawnSync('python3', ['-B', script], { input, encoding: 'utf8' }).stdout.trim().split('\n');
    const ours = bytes.map((one) => (parseCanonical(one) === undefined ? '0' : '1'));
    const apart = texts.filter((_, at) => ours[at] !== answers[at]);
    expect(apart).toEqual([]);
    expect(ours.filter((one) => one === '1').length).toBeGreaterThan(3_000);
    expect(ours.filter((one) => one === '0').length).toBeGreaterThan(3_000);
  });
});
