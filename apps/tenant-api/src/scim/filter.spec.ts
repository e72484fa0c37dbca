import { describe, expect, it } from '@jest/globals';
import { parseFilter } from './filter.js';

const known = new Set(['username', 'externalid', 'active', 'emails.value']);
const ada = { username: 'Ada', externalid: null, active: true, 'emails.value': ['ada@a.example', 'l@b.example'] };
const matches = (text: string): boolean | 'unsupported' => {
  const filter = parseFilter(text, known);
  return filter.ok ? filter.value(ada) : filter.error;
};

describe('a SCIM filter', () => {
  it.each([
    ['userName eq "ada"', true],
    ['USERNAME Eq "ADA"', true],
    ['userName ne "ada"', false],
    ['userName sw "a" and active eq true', true],
    ['userName ew "x" or emails.value co "@b."', true],
    ['externalId pr', false],
    ['not (externalId pr)', true],
    ['userName eq "x" or userName eq "ada" and active eq false', false],
    ['(userName eq "x" or userName eq "ada") and active eq true', true],
    ['userName eq "\\u0041da"', true],
  ])('reads %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  it.each([
    '',
    'userName',
    'userName eq',
    'userName eq ada',
    'userName gt "a"',
    'password eq "x"',
    'userName eq "a" and',
    '(userName eq "a"',
    'userName eq "a")',
    'userName eq "a" userName eq "b"',
    'not userName eq "a"',
    `${'('.repeat(40)}userName pr${')'.repeat(40)}`,
    `userName eq "${'a'.repeat(2_000)}"`,
    'emails[type eq "work"]',
    'userName eq "a"; DROP TABLE',
  ])('refuses what it does not understand instead of guessing: %s', (text) => {
    expect(matches(text)).toBe('unsupported');
  });
});
