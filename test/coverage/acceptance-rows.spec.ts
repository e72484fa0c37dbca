import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from './snippets/blocks.js';

/** The rows of bad input and attacks that identity, tenancy and the administration answer for, by letter and number of rows. */
const rows = { T: 25, P: 8, S: 8, X: 14, G: 12 } as const;
/** Faults of the same rooms. */
const faults = ['F15', 'F16', 'F30', 'F31', 'F32', 'F36', 'F37'];

const names = globSync(['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'test/**/*.spec.ts'], {
  cwd: repository,
  exclude: (name) => name === 'dist' || name === 'node_modules',
}).flatMap((file) => namesIn(readFileSync(join(repository, file), 'utf8')));

/** Every text of a spec, without its comments; the rows stand in the rules' own names. */
function namesIn(source: string): readonly string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g)].map(([, , text = '']) => text);
}

describe('the acceptance rows', () => {
  it.each(Object.entries(rows))('of %s have a test each that names its row', (letter, count) => {
    const wanted = Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);
    expect(wanted.filter((row) => !names.some((name) => new RegExp(`\\b${row}\\b`).test(name)))).toEqual([]);
  });

  it('of faults have a test each that names its row', () => {
    expect(faults.filter((row) => !names.some((name) => new RegExp(`\\b${row}\\b`).test(name)))).toEqual([]);
  });

  it('are looked for in the names of tests, so that a comment is not taken for one', () => {
    expect(names.length).toBeGreaterThan(500);
    expect(namesIn(`// 'T1' is elsewhere\nit('one', () => {}); /* 'T3' */`)).toEqual(['one']);
  });
});
