import { describe, expect, it } from '@jest/globals';
import { gramAt } from './grams.js';
import { hashOf } from './lexicon.js';
import { ALL_UPPER, CAPITAL, HAS_DIGIT, HAS_LETTER, LONG, NON_ASCII, SIGNED, signatureOf, Tokens } from './tokens.js';

const signs = Array.from('aaeinrstABZé0019 \n.-_/Ж');

/** Texts of random words, the same with every run. */
function texts(count: number): readonly string[] {
  let state = 7;
  const pick = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: pick(60) }, () => signs[pick(signs.length)]!).join(''),
  );
}

function flagsOf(word: string): number {
  return (
    (/\d/.test(word) ? HAS_DIGIT : 0) |
    (/\p{L}/u.test(word) ? HAS_LETTER : 0) |
    (/^\p{Lu}/u.test(word) ? CAPITAL : 0) |
    (/\p{Ll}/u.test(word) ? 0 : ALL_UPPER) |
    (/[^\0-\x7f]/.test(word) ? NON_ASCII : 0)
  );
}

function digitsOf(word: string): number {
  return Array.from(word.slice(0, SIGNED)).reduce((mask, sign, at) => (/\d/.test(sign) ? mask | (1 << at) : mask), 0);
}

/** What a reading word by word tells, each word looked at by itself. */
function wordsOf(text: string): readonly object[] {
  return Array.from(text.matchAll(/[\p{L}\d]+/gu), ({ 0: word, index }) => ({
    start: index,
    end: index + word.length,
    hash: hashOf(word),
    tail: hashOf(word.split(/(?<=\p{Ll})(?=\p{Lu})/u).at(-1)!),
    signature: signatureOf(word.length, digitsOf(word)),
    flags: flagsOf(word),
    head: gramAt(text, index),
    foot: word.length < 3 ? undefined : gramAt(word, word.length - 3),
  }));
}

function read({ count, start, end, hash, tail, signature, flags, head, foot }: Tokens): readonly object[] {
  return Array.from({ length: count }, (_, at) => ({
    start: start[at],
    end: end[at],
    hash: hash[at],
    tail: tail[at],
    signature: signature[at],
    flags: flags[at],
    head: head[at],
    foot: end[at]! - start[at]! < 3 ? undefined : foot[at],
  }));
}

describe('the walk over a text', () => {
  it('tells of each word what the word tells by itself, whatever was read before', () => {
    const tokens = new Tokens();
    for (const text of texts(600)) expect(read(tokens.read(text))).toEqual(wordsOf(text));
  });

  it('keeps the words that are long or stand beside a sign, and those with a digit or all in capitals', () => {
    const tokens = new Tokens().read('plain words, internationalisation A1 and/or IBM end');
    const word = (at: number): string => tokens.text.slice(tokens.start[at], tokens.end[at]);
    expect(LONG).toBe(10);
    expect(Array.from(tokens.notable.slice(0, tokens.notableCount), word)).toEqual([
      'words',
      'internationalisation',
      'and',
      'or',
    ]);
    expect(Array.from(tokens.coded.slice(0, tokens.codedCount), word)).toEqual(['A1', 'IBM']);
  });

  it('counts the most words of at most two characters in a row', () => {
    const tokens = new Tokens();
    expect(tokens.read('to be or not to be').shortRun).toBe(3);
    expect(tokens.read('4 1 11 1 22 then 1 2').shortRun).toBe(5);
    expect(tokens.read('none here').shortRun).toBe(0);
  });
});
