import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '@writ/domain';
import { canonicalJson } from '../canonical-json.js';
import { isCanonical } from './canonical-form.js';
import { acceptors, spellings } from './spellings.fixtures.js';
import { parseCanonical } from './strict-json.js';

/** The definition: what RFC 8785 writes for the value that is read, is the text itself. */
function isCanonicalByDefinition(text: string): boolean {
  try {
    return canonicalJson(JSON.parse(text) as JsonValue) === text;
  } catch {
    return false;
  }
}

describe('canonical JSON', () => {
  it('A3: is the same language to both verifiers, spelling by spelling', () => {
    const { texts, ours, theirs } = acceptors(20_000, 7);
    const apart = texts.filter((_, at) => ours[at] !== theirs[at]);
    expect(apart).toEqual([]);
    expect(ours.filter((one) => one === '1').length).toBeGreaterThan(3_000);
    expect(ours.filter((one) => one === '0').length).toBeGreaterThan(3_000);
  });

  it('is told by one pass exactly as by its definition', () => {
    const texts = spellings(30_000, 8).map((text) => text.toWellFormed());
    expect(texts.filter((text) => isCanonical(text) !== isCanonicalByDefinition(text))).toEqual([]);
  });

  it.each([
    ['{"a":1,"b":2}', true],
    ['{"b":1,"a":2}', false],
    ['{"a":1,"a":2}', false],
    ['{"a":1,"ab":2}', true],
    ['{"ab":1,"a":2}', false],
    ['{"":1,"a":2}', true],
    ['{"\\n":1,"a":2}', true],
    ['{"a":1,"\\n":2}', false],
    ['{"\\"":1,"#":2}', true],
    ['{"\u{1f600}":1,"\ufb33":2}', true],
    ['{"\ufb33":1,"\u{1f600}":2}', false],
    ['{"__proto__":1}', true],
    ['"\\u000b"', true],
    ['"\\u000B"', false],
    ['"\\u0008"', false],
    ['"\\b"', true],
    ['"\\u001f"', true],
    ['"\\u0020"', false],
    ['"\\u0000"', false],
    ['9007199254740991', true],
    ['9007199254740992', false],
    ['-9007199254740991', true],
    ['00', false],
    ['-', false],
    ['', false],
    ['"', false],
    [`${'['.repeat(64)}${']'.repeat(64)}`, true],
    [`${'['.repeat(65)}${']'.repeat(65)}`, false],
  ])('is told of %j: %s', (text, is) => {
    expect(parseCanonical(Buffer.from(text, 'utf8')) !== undefined).toBe(is);
  });

  it('is UTF-8 without a lone surrogate', () => {
    expect(parseCanonical(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBeUndefined();
    expect(parseCanonical(Buffer.from([0x22, 0xc0, 0x80, 0x22]))).toBeUndefined();
    expect(parseCanonical(Buffer.from([0x22, 0xff, 0x22]))).toBeUndefined();
  });
});
