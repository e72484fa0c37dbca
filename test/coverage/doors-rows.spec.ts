import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './snippets/blocks.js';

/** The rows of the acceptance lists that doors, providers, routing and streams answer for. */
const numbered = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, at) => `${letter}${at + 1}`);
const rows = [...numbered('H', 20), ...numbered('C', 11), 'S8', 'F33', 'F34', 'F35', 'F40'];

const specs = globSync(['apps/*/src/**/*.spec.ts', 'libs/*/src/**/*.spec.ts', 'test/**/*.spec.ts'], {
  cwd: repository,
  exclude: (name) => name === 'node_modules' || name === 'dist',
}).filter((file) => !file.includes('dist/') && !file.endsWith('doors-rows.spec.ts'));

/** Names of suites and tests only: a row in a comment or in a value proves nothing. */
const names = specs.flatMap((file) =>
  Array.from(
    readFileSync(join(repository, file), 'utf8').matchAll(
      /\b(?:describe|it|test)(?:\.each\([\s\S]*?\))?(?:<[^>]*>)?\(\s*(?:'([^']*)'|`([^`]*)`|"([^"]*)")|\)\(\s*(?:'([^']*)'|`([^`]*)`|"([^"]*)"),/g,
    ),
    (found) => found.slice(1).find((text) => text !== undefined) ?? '',
  ),
);

describe('every row of the doors has a test that names it', () => {
  it.each(rows)('row %s', (row) => {
    expect(names.filter((name) => new RegExp(`\\b${row}\\b`).test(name)).length).toBeGreaterThan(0);
  });

  it('a row that no test names would be found', () => {
    expect(names.filter((name) => /\bH21\b/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(500);
  });
});
