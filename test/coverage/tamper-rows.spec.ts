import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const specs = globSync('{apps,libs,test}/**/*.{spec,contract}.ts', {
  cwd: root,
  exclude: ['**/node_modules/**', '**/dist/**'],
}).filter((path) => !path.endsWith('tamper-rows.spec.ts'));
/** The names of all tests; a row stands at a name's beginning, before its colon. */
const heads = specs.flatMap((path) =>
  Array.from(
    readFileSync(join(root, path), 'utf8').matchAll(
      /(?:it|describe|it\.each\([^)]*\))\(\s*['"`]([^:'"`]*):|\[\s*['"`](row [^:'"`]*):|['"`]((?:rows?|traps?|steps?|answers?) [^:'"`]*):/g,
    ),
    ([, first, second, third]) => first ?? second ?? third ?? '',
  ),
);

/** `rows 27, 30, F1` and `row 24, trap 4` name several. */
function named(word: string): ReadonlySet<number> {
  const numbers = heads.flatMap((head) => {
    const part = new RegExp(`\\b${word}s? ([0-9, and]+)`).exec(head)?.[1];
    return part === undefined ? [] : (part.match(/[0-9]+/g) ?? []).map(Number);
  });
  return new Set(numbers);
}

const missing = (word: string, last: number): readonly number[] =>
  Array.from({ length: last }, (_, at) => at + 1).filter((number) => !named(word).has(number));

describe('the tamper and fault suite of the ledger', () => {
  it('has a test for every row, 1 to 46', () => {
    expect(missing('row', 46)).toEqual([]);
  });

  it('has a test for every trap of Postgres, 1 to 6', () => {
    expect(missing('trap', 6)).toEqual([]);
  });

  it('has a test for every step of a request and every answer to an outage', () => {
    expect(missing('step', 7)).toEqual([]);
    expect(missing('answer', 7)).toEqual([]);
  });
});
