import { describe, expect, it } from '@jest/globals';
import { canonicalJson, keptOf } from './canonical-json.js';

describe('canonical JSON', () => {
  it('writes names in the order of UTF-16 code units, the first time and again', () => {
    for (const value of [1, 2])
      expect(canonicalJson({ b: value, a: 0, '\u20ac': 0, Z: 0 })).toBe(`{"Z":0,"a":0,"b":${value},"\u20ac":0}`);
  });

  it('escapes what must be, and nothing else', () => {
    for (const text of ['', 'plain', ' !#[]~', '"', '\\', '\u0001\n', '\u007f', '\u2028\u20ac\u{1f600}'])
      expect(canonicalJson(text)).toBe(JSON.stringify(text));
  });

  it('refuses NUL and half a pair in values and in names, also when a known shape is spelled the same', () => {
    expect(canonicalJson({ c: 1, b: 1, a: 2 })).toBe('{"a":2,"b":1,"c":1}');
    for (const value of ['a\0', '\ud800', { 'b\0a': 1 }, { c: 1, 'b\0a': 1 }, { '\udc00': 1 }])
      expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

describe('what is made of an object', () => {
  it('is made once of a frozen one, and each time of one that may still change or is merely equal', () => {
    const made: object[] = [];
    const jsonOf = keptOf((value: { n: number }) => {
      made.push(value);
      return canonicalJson({ ...value });
    });
    const [frozen, equal, open] = [Object.freeze({ n: 1 }), Object.freeze({ n: 1 }), { n: 1 }];
    expect([frozen, frozen, equal, open].map(jsonOf)).toEqual(Array.from({ length: 4 }, () => '{"n":1}'));
    open.n = 2;
    expect(jsonOf(open)).toBe('{"n":2}');
    expect(made).toEqual([frozen, equal, open, open]);
  });
});
