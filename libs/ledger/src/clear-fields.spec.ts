import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from './canonical-json.js';
import { canonicalWellFormed, wellFormed } from './clear-fields.js';

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
