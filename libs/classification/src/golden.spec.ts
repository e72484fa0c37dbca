import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Role } from '@writ/domain';
import { classified } from './testing/samples.js';

function rows(name: string): readonly (readonly string[])[] {
  return readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t').map((cell) => cell.replaceAll('\\n', '\n')));
}

/** The text without its brackets, and what stood in them. */
function unmarked(marked: string): { readonly text: string; readonly values: readonly string[] } {
  const values = [...marked.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1]!);
  return { text: marked.replaceAll(/\[([^\]]*)\]/g, '$1'), values };
}

describe('golden identifiers', () => {
  it.each(rows('identifiers.txt'))('%s: %s', (type, marked) => {
    const start = marked.indexOf('[');
    const end = marked.indexOf(']') - 1;
    const text = marked.replace('[', '').replace(']', '');
    const found = classified(text).findings.filter((each) => each.start === start && each.end === end);
    expect(found.flatMap((each) => [each.type, ...each.alternatives])).toContain(type);
    expect(found[0]?.type).toBe(type);
  });
});

describe('golden names', () => {
  it.each(rows('names.txt'))('%s', (_, marked) => {
    const { text, values } = unmarked(marked);
    const found = classified(text).findings.filter(({ type }) => type === 'PERSON' || type === 'LOCATION');
    expect([...new Set(found.map(({ start, end }) => text.slice(start, end)))]).toEqual(values);
  });
});

describe('golden credentials', () => {
  it.each(rows('secrets.txt'))('%s', (_, marked) => {
    const { text, values } = unmarked(marked);
    const found = classified(text).findings.filter((each) => each.class === 'SECRET');
    expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(values);
  });
});

describe('golden plain texts hold nothing', () => {
  it.each(rows('plain.txt'))('%s: %s', (name, _, text) => {
    const found = classified(text).findings.filter((each) => name === 'any' || each.class === name);
    expect(found.map(({ type, start, end }) => `${type}:${text.slice(start, end)}`)).toEqual([]);
  });
});

describe('golden injections', () => {
  it.each(rows('injections.txt'))('%s %s: %s', (role, is, text) => {
    expect(classified(text, role as Role).classes['INJECTION'] === undefined).toBe(is === 'no');
  });
});

describe('golden evasions', () => {
  it.each(rows('evasions.txt'))('%s: %s', (type, _, marked) => {
    const written = marked.replaceAll(/\\u([0-9a-f]{4})/g, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const { text, values } = unmarked(written);
    const found = classified(text).findings.filter((each) => each.via.length > 0);
    expect(found.map((each) => [each.type, text.slice(each.start, each.end)])).toContainEqual([type, values[0]]);
  });
});
