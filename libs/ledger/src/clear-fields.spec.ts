import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from './canonical-json.js';
import { canonicalWellFormed, clearSet, clearText, wellFormed } from './clear-fields.js';

describe('the canonical text of a value that need not be well-formed', () => {
  const values: readonly (readonly [name: string, value: unknown])[] = [
    ['findings', [{ type: 'EMAIL', start: 0, end: 9, class: 'PII', score: 950, path: '/a~1b', rule: undefined }]],
    ['a broken surrogate and NUL', { text: 'a\ud800b\0c', é: 'ü' }],
    ['numbers', [0, -0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, Number.MAX_SAFE_INTEGER]],
    ['nothing', [null, undefined, {}, [], '', false, true]],
    ['names out of order', { b: 1, a: { d: [{ z: 'z', y: 'y' }], c: null } }],
    ['a name that reaches no prototype', JSON.parse('{"__proto__": {"a": 1}}')],
    ['a hole', Object.assign([], { 2: 'c' })],
  ];

  it.each(values)('is that of its well-formed copy: %s', (_name, value) => {
    expect(canonicalWellFormed(value)).toBe(canonicalJson(wellFormed(value)));
  });

  it('is none for what no record holds', () => {
    expect(() => canonicalWellFormed([() => 1])).toThrow(TypeError);
  });
});

describe('A4: text that a caller chose, in clear', () => {
  it.each([
    ['a control', 'a\u0007b\u001b[31mc\u009b'],
    ['NUL and half a surrogate pair', 'a\u0000\ud800'],
    ['a separator of lines', 'a\nb\r\nc\u2028d\u2029'],
    ['a mark that turns the text around', 'invoice\u202efdp.exe\u2066x\u2069'],
    ['a mark that hides', 'pay\u200bpal\ufeff'],
  ])('holds no %s', (_name, hostile) => {
    for (const shown of [clearText(hostile), ...(clearSet([hostile]) as string[])]) {
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u);
      expect(shown).toContain('\ufffd');
    }
  });

  it('is bounded, whatever its length, and a long set is its digest', () => {
    expect(clearText('x'.repeat(1_000_000)).length).toBe(256);
    expect(clearText('\u{1f600}'.repeat(1_000)).isWellFormed()).toBe(true);
    expect(clearSet(Array.from({ length: 10_000 }, (_, n) => `group ${n}`))).toMatchObject({ count: 10_000 });
  });

  it.each(['=cmd|"/c calc"!A1', '${jndi:ldap://x}', '<script>alert(1)</script>'])(
    'leaves %j as it is: escaping is for each format',
    (text) => {
      expect(clearText(text)).toBe(text);
    },
  );
});
