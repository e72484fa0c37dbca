import { describe, expect, it } from '@jest/globals';
import type { Subject } from '@writ/domain';
import { applicable, oncePerSubject } from './applicable.js';

const rules = [{ scope: 'subject' }] as const;
const subject = (id: string): Subject =>
  ({ id, issuer: 'i', connection: 'c', roles: [], groups: [] }) as unknown as Subject;

describe('what is drawn once for rules and a subject', () => {
  it('is drawn anew for another subject, for other rules, and for a subject that only looks the same', () => {
    let drawn = 0;
    const holdersOf = oncePerSubject((given: readonly (typeof rules)[number][], who) => {
      drawn += 1;
      return applicable(given, who).map(({ holder }) => holder);
    });
    const [ada, nora] = [subject('ada'), subject('nora')];
    expect(holdersOf(rules, ada)).toEqual(['["i","ada"]']);
    expect(holdersOf(rules, nora)).toEqual(['["i","nora"]']);
    expect(holdersOf(rules, ada)).toBe(holdersOf(rules, ada));
    expect(drawn).toBe(2);
    holdersOf([...rules], ada);
    holdersOf(rules, subject('ada'));
    expect(drawn).toBe(4);
  });
});
