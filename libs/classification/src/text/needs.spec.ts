import { describe, expect, it } from '@jest/globals';
import { Grams } from './grams.js';
import { needOf, wordHeadsOf } from './needs.js';
import { directSigns, indirectSigns } from '../injection/phrases.js';
import { persuasionSigns, plantedSigns } from '../injection/more-phrases.js';

const allows = (pattern: RegExp, text: string): boolean => new Grams().read(text).mayHold(needOf(pattern));

describe('what an expression needs', () => {
  it('rules out a text without one of the literals, and no text that matches', () => {
    expect(allows(/\b(?:ignore|disregard) (?:all )?rules?\b/i, 'Please DISREGARD rule 4')).toBe(true);
    expect(allows(/\b(?:ignore|disregard) (?:all )?rules?\b/i, 'Please regard the rules of the house')).toBe(false);
  });

  it('takes for anything at all what may be left out, repeats, or is only looked at', () => {
    expect(allows(/(?:abcdef)?[x-z]+/, 'zzz')).toBe(true);
    expect(allows(/(?=abcdef)\w(?<!qwerty)/, 'zzz')).toBe(true);
    expect(allows(/(abcdef)*\1/, 'zzz')).toBe(true);
  });

  it('holds every digit for one, and letters for one whatever their case', () => {
    expect(allows(/WEG \d{1,4}/, 'am weg 7')).toBe(true);
    expect(allows(/weg \d{1,4}/, 'am weg x')).toBe(false);
    expect(allows(/straße \d/iu, 'HAUPTSTRA\u1e9eE 1')).toBe(true);
    expect(allows(/skizze/iu, '\u017f\u212aizze')).toBe(true);
  });

  it('needs one of the branches, and nothing when one of them has no literal', () => {
    expect(allows(/first|second\w+/, 'a second thought')).toBe(true);
    expect(allows(/first|second\w+/, 'a third thought')).toBe(false);
    expect(allows(/first|\w/, 'z')).toBe(true);
  });

  it('tells with which words a match begins only when it can begin with nothing else', () => {
    expect(wordHeadsOf(/\b(?:Ignore|forget) this/i)).toEqual(['ignore this', 'forget this']);
    expect(wordHeadsOf(/\b(?:please )?grant\b[^.]{0,9}all/i)).toEqual(['grant', 'please grant']);
    expect(wordHeadsOf(/\b(?:\w+ )?grant/i)).toBeUndefined();
    expect(wordHeadsOf(/ignore this/i)).toBeUndefined();
    expect(wordHeadsOf(/\bignore|^forget/i)).toBeUndefined();
  });

  it('reads every sign of an injection, nearly all of them with a need', () => {
    const signs = [...directSigns, ...indirectSigns, ...persuasionSigns, ...plantedSigns];
    expect(signs.filter(({ pattern }) => needOf(pattern).length === 0).length).toBeLessThan(signs.length / 10);
  });
});
