import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile, formatDiagnostic, lint } from './index.js';

const folder = new URL('../src/golden/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');

function complaints(source: string): string {
  const result = compile(source, 1);
  return result.ok ? 'compiles\n' : `${result.error.map((found) => formatDiagnostic('bad.yaml', found)).join('\n')}\n`;
}

describe('diagnostics', () => {
  it('name line, column, code and the word that was meant, inside every style of YAML scalar', () => {
    expect(complaints(read('bad.golden.yaml'))).toBe(read('bad.golden.txt'));
  });
});

describe('advice', () => {
  it('warns of a rule that never matches, and of a grant that rests on the word of the caller', () => {
    const rules = [
      '  - { id: a, effect: deny, when: false }',
      "  - { id: b, effect: permit, when: 'has(request.justification)' }",
      "  - { id: c, effect: permit, when: 'has(request.justification) && subject.clearance >= 2' }",
    ];
    expect(lint(['apiVersion: policy/v1', 'name: advised', 'rules:', ...rules].join('\n'))).toMatchObject([
      { severity: 'warning', code: 'W_NEVER', line: 4 },
      { severity: 'warning', code: 'W_ASSERTED', line: 5 },
    ]);
  });
});

const head = 'apiVersion: policy/v1\nname: hostile\nclasses: [PHI]\nrules:\n';
const rule = (when: string) => `${head}  - { id: a, effect: permit, when: ${JSON.stringify(when)} }\n`;

const hostile: readonly (readonly [name: string, source: string, code: string])[] = [
  ['an expression 5,000 deep', rule(`${'('.repeat(5_000)}true${')'.repeat(5_000)}`), 'E_DEPTH'],
  ['5,000 negations', rule(`${'!'.repeat(5_000)}true`), 'E_DEPTH'],
  ['a document of 4 MB', `${head}${'# a comment that goes on and on\n'.repeat(130_000)}`, 'E_LIMIT'],
  ['10,000 rules', `${head}${'  - { id: a, effect: deny }\n'.repeat(9_000)}`, 'E_LIMIT'],
  ['10,000 bare entries', `${head}${'  - a\n'.repeat(10_000)}`, 'E_LIMIT'],
  ['10,000 rules on one line', `${head.replace('rules:\n', 'rules: [')}${'{id: a},'.repeat(10_000)}]`, 'E_LIMIT'],
  ['10,000 keys', `${head}${Array.from({ length: 10_000 }, (_, index) => `k${index}: 1`).join('\n')}`, 'E_LIMIT'],
  ['7,000 keys', `${head}${Array.from({ length: 7_000 }, (_, index) => `k${index}: 1`).join('\n')}`, 'E_KEY'],
  ['flow lists 60,000 deep', `${head.replace('rules:\n', 'rules: ')}${'['.repeat(60_000)}`, 'E_DEPTH'],
  ['flow maps 60,000 deep', `${head.replace('rules:\n', 'rules: ')}${'{a: '.repeat(60_000)}`, 'E_DEPTH'],
  ['flow lists deep over many lines', `${head.replace('rules:\n', 'rules: ')}${'[\n'.repeat(5_000)}`, 'E_DEPTH'],
  ['block lists 60,000 deep on one line', `${head}${'- '.repeat(60_000)}a`, 'E_DEPTH'],
  [
    'block maps nested by indentation',
    Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    'E_DEPTH',
  ],
  ['explicit keys in a row', `${head}${'? '.repeat(60_000)}a`, 'E_DEPTH'],
  ['anchors', `${head}  - &a { id: a, effect: permit }\n  - *a\n`, 'E_ANCHOR'],
  ['a billion laughs', `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b]\n`, 'E_ANCHOR'],
  ['text that hangs regular expressions', rule(`subject.id == "${'a'.repeat(100_000)}!"`), 'E_LIMIT'],
  ['a list of 10,000', rule(`subject.id in [${'"a",'.repeat(5_000)}"a"]`), 'E_LIMIT'],
  ['200 conditions in a rule', rule(Array.from({ length: 200 }, () => 'request.stream').join(' && ')), 'E_LIMIT'],
  [
    'lists that together are too wide',
    `${head}${Array.from({ length: 5 }, (_, part) => {
      const items = Array.from({ length: 490 }, (_item, index) => `"r${part}-${index}"`).join(',');
      return `  - { id: r${part}, effect: deny, when: ${JSON.stringify(`any(subject.roles, [${items}])`)} }\n`;
    }).join('')}`,
    'E_LIMIT',
  ],
  [
    'sets that grow wherever they are used',
    head.replace(
      'rules:',
      `sets: { wide: [${Array.from({ length: 500 }, (_, index) => `w${index}`).join(',')}] }\nrules:`,
    ) +
      Array.from({ length: 200 }, (_, index) => {
        const when = Array.from({ length: 20 }, () => 'any(subject.roles, wide)').join(' || ');
        return `  - { id: r${index}, effect: deny, when: '${when}' }\n`;
      }).join(''),
    'E_LIMIT',
  ],
  ['an unclosed quote', `${head}  - { id: "a, effect: permit }\n`, 'E_YAML'],
  ['keys of the prototype', `${head}  - { id: a, effect: permit, __proto__: { effect: deny } }\n`, 'E_KEY'],
  ['no document', '', 'E_MISSING'],
  ['a tag', `${head}  - !!js/function { id: a }\n`, 'E_YAML'],
];

describe('a hostile document', () => {
  it.each(hostile)('is refused with a position: %s', (_name, source, code) => {
    const result = compile(source, 1);
    if (result.ok) throw new Error('a hostile document compiled');
    expect(result.error[0]).toMatchObject({ severity: 'error' });
    expect(result.error.map((found) => found.code)).toContain(code);
    expect(result.error.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
    expect(result.error.length).toBeLessThanOrEqual(100);
  });

  it('is refused without work that grows faster than its text', () => {
    // CPU time, not the clock; the promise of 20 ms is measured by the benchmark on a warm process.
    for (const [, source] of hostile) compile(source, 1);
    for (const [name, source] of hostile) {
      const before = process.cpuUsage();
      compile(source, 1);
      const { user, system } = process.cpuUsage(before);
      expect([name, (user + system) / 1_000 < 1_000]).toEqual([name, true]);
    }
  });
});
