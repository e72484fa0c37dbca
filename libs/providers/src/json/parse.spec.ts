import { describe, expect, it } from '@jest/globals';
import { parseJson } from './parse.js';

const limits = { depth: 64, nodes: 1_000 };

describe('the strict JSON parser', () => {
  const refused: readonly (readonly [string, string, string])[] = [
    ['H9 a duplicate key', '{"a":{"model":1,"model":2}}', '/a/model'],
    ['H9 a duplicate key that is escaped differently', String.raw`{"model":1,"mod\u0065l":2}`, '/model'],
    ['H9 a byte order mark', '\ufeff{}', ''],
    ['H9 NaN', '{"a":NaN}', '/a'],
    ['H9 a comment', '{"a":1/* */}', ''],
    ['H9 a number beyond a double', '[1e400]', '/0'],
    ['H9 a lone surrogate', String.raw`{"a":["\ud800"]}`, '/a/0'],
    ['H9 nesting beyond the limit', '['.repeat(10_000), '/0'.repeat(64)],
    ['H9 a trailing comma', '[1,]', '/1'],
    ['H9 something after the value', '{} {}', ''],
    ['H9 a leading zero', '[01]', ''],
    ['H9 a raw newline in a string', '["\n"]', '/0'],
    ['H9 a wrong escape', String.raw`["\x41"]`, '/0'],
    ['H10 a key that reaches the prototype', '{"a":{"__proto__":{}}}', '/a/__proto__'],
    ['H10 a constructor', '{"constructor":{"prototype":1}}', '/constructor'],
    ['H9 an empty text', '', ''],
    ['H9 half a value', '{"a":tru', '/a'],
  ];
  it.each(refused)('refuses %s', (_, text, pointer) => {
    expect(parseJson(text, limits)).toMatchObject({ ok: false, error: { pointer } });
  });

  it('H9 survives a list with more values than the limit', () => {
    const answer = parseJson(`[${'1,'.repeat(5_000_000)}1]`, limits);
    expect(answer).toMatchObject({ ok: false, error: { message: 'there are too many values' } });
  });

  it('agrees with JSON.parse on what it accepts, and knows where each token stands', () => {
    const source = String.raw` { "a" : [ 1.5e3 , "x\n\ud83d\ude00" , true , null ] , "" : { } } `;
    const tree = parseJson(source, limits);
    expect(tree.ok).toBe(true);
    if (!tree.ok || tree.value.kind !== 'object') return;
    const list = tree.value.members[0]?.value;
    const string = list?.kind === 'list' ? list.items[1] : undefined;
    expect(string && source.slice(string.start, string.end)).toBe(String.raw`"x\n\ud83d\ude00"`);
    expect(string).toMatchObject({ text: (JSON.parse(source) as { a: unknown[] }).a[1] });
  });
});
