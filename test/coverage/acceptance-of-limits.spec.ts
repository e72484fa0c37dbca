import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
/** What limits, budgets and cost must withstand, by the numbers of the acceptance plan. */
const rows = ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'H18', 'H19', 'F19', 'F20', 'F21', 'F22', 'F23', 'F24'];
const names = globSync(['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'test/*/**/*.spec.ts'], { cwd: root })
  .filter((file) => !file.includes('dist') && !file.endsWith('acceptance-of-limits.spec.ts'))
  .flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/\b(?:it|describe)(?:\.each\([\s\S]*?\))?\(\s*(['"`])(.*?)\1/g),
  ])
  .map(([, , name]) => name ?? '');

describe('the acceptance rows of limits', () => {
  it.each(rows)('%s is named by a test', (row) => {
    expect(names.filter((name) => new RegExp(`\\b${row}\\b`).test(name))).not.toEqual([]);
  });
});
