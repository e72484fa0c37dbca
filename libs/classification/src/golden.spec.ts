import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { classified } from './testing/samples.js';

function lines(name: string): readonly (readonly [string, string])[] {
  return readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [rule, text] = line.split('\t');
      return [rule!, text!] as const;
    });
}

describe('golden identifiers', () => {
  it.each(lines('identifiers.txt'))('%s: %s', (type, marked) => {
    const start = marked.indexOf('[');
    const end = marked.indexOf(']') - 1;
    const text = marked.replace('[', '').replace(']', '');
    const found = classified(text).findings.filter((each) => each.start === start && each.end === end);
    expect(found.flatMap((each) => [each.type, ...each.alternatives])).toContain(type);
    expect(found[0]?.type).toBe(type);
  });
});
