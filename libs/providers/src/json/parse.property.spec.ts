import { describe, expect, it } from '@jest/globals';
import { parseJson } from './parse.js';
import { setMember, splice } from './splice.js';
import { readJson, valueOf } from './value.js';

const limits = { depth: 64, nodes: 100_000 };

/** Seeded, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** No key ends in a backslash here: see the test below. */
const strings = ['', 'a', '"', '\\', '\n', '\u2028', 'ü', '😀', '\u0000', '/', 'model', 'constructor', '__proto__'];

function value(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 4 ? 5 : 7));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return pick(random, [0, -1, 1.5, 1e21, 1e-7, 123456789012]);
  if (kind <= 4) return pick(random, strings);
  const size = Math.floor(random() * 4);
  const items = Array.from({ length: size }, () => value(random, depth + 1));
  return kind === 5 ? items : Object.fromEntries(items.map((item, at) => [`${at}${pick(random, strings)}.`, item]));
}

const noise = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\u0001',
  '\\ud800',
  '\\u0041',
  '1e999',
  '00',
  '.',
  'nul',
  ' ',
  '\ufeff',
  '/*',
  '-',
];

function mutate(random: () => number, text: string): string {
  const at = Math.floor(random() * (text.length + 1));
  const cut = Math.floor(random() * 3);
  return text.slice(0, at) + (random() < 0.7 ? pick(random, noise) : '') + text.slice(at + cut);
}

function parses(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

describe('the strict parser against JSON.parse', () => {
  it('accepts nothing that JSON.parse refuses, and reads what both accept alike', () => {
    const random = seeded(20_261_121);
    let accepted = 0;
    for (let round = 0; round < 20_000; round += 1) {
      let text = JSON.stringify(value(random, 0));
      const mutations = Math.floor(random() * 3);
      for (let i = 0; i < mutations; i += 1) text = mutate(random, text);
      const ours = parseJson(text, limits);
      if (!ours.ok) continue;
      accepted += 1;
      expect([text, valueOf(ours.value)]).toEqual([text, ...parses(text)]);
    }
    expect(accepted).toBeGreaterThan(5_000);
  });

  it('reads an escaped key as it stands, whatever object was read before', () => {
    const earlier = String.raw`{"a\\":1}`;
    const later = String.raw`{"a\u0062":1}`;
    for (let round = 0; round < 3; round += 1) {
      readJson(earlier);
      JSON.parse(earlier);
      expect(Object.keys(readJson(later) as object)).toEqual(['ab']);
    }
  });

  it('gives positions that a splice can trust: replacing every token by itself changes nothing', () => {
    const random = seeded(7);
    for (let round = 0; round < 2_000; round += 1) {
      const text = JSON.stringify({ model: 'm', rest: value(random, 0) });
      const tree = parseJson(text, limits);
      if (!tree.ok || tree.value.kind !== 'object') continue;
      const edits = tree.value.members.map(({ value: { start, end } }) => ({
        start,
        end,
        text: text.slice(start, end),
      }));
      expect(splice(text, edits)).toBe(text);
      const changed = JSON.parse(splice(text, [setMember(tree.value, 'model', '"other"')])) as { model: string };
      expect(changed).toEqual({ ...(JSON.parse(text) as object), model: 'other' });
    }
  });
});
