import { describe, expect, it } from '@jest/globals';
import { parseStrictJson } from './strict-json.js';

const bounds = { depth: 12, values: 4_096 };

function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"a"',
  '"b"',
  '"\\u0061"',
  '"\\n"',
  '"\n"',
  '1',
  '-0',
  '01',
  '1.',
  '.5',
  '1e5',
  '1E+',
  'true',
  'nul',
  'null',
  ' ',
  '\t',
  '\u00a0',
  '\\',
  '"',
  'NaN',
  '"\\ud800"',
  '"__proto__"',
];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('strict JSON', () => {
  it('accepts nothing that is not JSON, and reads what it accepts as JSON.parse does', () => {
    const random = seeded(42);
    let accepted = 0;
    for (let round = 0; round < 40_000; round += 1) {
      const length = 1 + Math.floor(random() * 9);
      const text = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]!).join('');
      const strict = parseStrictJson(text, bounds);
      if (!strict.ok) continue;
      accepted += 1;
      expect(isJson(text)).toBe(true);
      expect(JSON.stringify(strict.value)).toBe(JSON.stringify(JSON.parse(text)));
    }
    expect(accepted).toBeGreaterThan(500);
  });

  it('accepts every JSON text without repeated names, lone surrogates and excess', () => {
    const random = seeded(7);
    const value = (depth: number): unknown => {
      const kind = Math.floor(random() * (depth > 4 ? 4 : 6));
      if (kind === 0) return Math.floor(random() * 1e6) / 7 - 100;
      if (kind === 1) return ['é"\\\n', '', 'plain', '\u2028😀', '\u0000'][Math.floor(random() * 5)];
      if (kind === 2) return random() < 0.5;
      if (kind === 3) return null;
      if (kind === 4) return Array.from({ length: Math.floor(random() * 4) }, () => value(depth + 1));
      return Object.fromEntries(
        Array.from({ length: Math.floor(random() * 4) }, (_, index) => [`k${index}`, value(depth + 1)]),
      );
    };
    for (let round = 0; round < 3_000; round += 1) {
      const text = JSON.stringify(value(0), undefined, round % 3);
      const strict = parseStrictJson(text, bounds);
      expect(strict.ok && JSON.stringify(strict.value)).toBe(JSON.stringify(JSON.parse(text)));
    }
  });

  it.each(['{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '{"__proto__":1}', '"\\udc00"', '[1]]', '', ' ', '"\u0007"'])(
    'refuses %j',
    (text) => {
      expect(parseStrictJson(text, bounds).ok).toBe(false);
    },
  );

  it('refuses what is too deep or too large before it costs anything', () => {
    expect(parseStrictJson('['.repeat(1_000_000), bounds).ok).toBe(false);
    expect(parseStrictJson(`[${'1,'.repeat(5_000)}1]`, bounds).ok).toBe(false);
    expect(parseStrictJson(`"${'\\"'.repeat(200_000)}"`, bounds).ok).toBe(true);
  });
});
