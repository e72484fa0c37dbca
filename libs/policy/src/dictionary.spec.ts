import { describe, expect, it } from '@jest/globals';
import { Dictionary } from './dictionary.js';
import { WordWriter } from './words.js';

const written = ['nurse', 'ärztin', '看護師', '看護', 'a', 'abcd', 'abcde', '\u6261\u6463', 'x'.repeat(40)];

function aDictionary(): Dictionary {
  const writer = new WordWriter();
  // Position 0 means none: in an image the header stands there.
  writer.put(0);
  const at = writer.dictionary(written);
  return new Dictionary(writer.finish(), at);
}

describe('Dictionary', () => {
  it('numbers what is written and nothing else, from the image and, once it is asked often, from its map', () => {
    const dictionary = aDictionary();
    for (let round = 0; round < 40; round += 1) {
      expect(written.map((text) => dictionary.numberOf(text))).toEqual(written.map((_, index) => index + 1));
      for (const other of ['', 'nurs', 'nurses', 'arztin', '看護婦', 'abcf', 'x'.repeat(39), 'y'.repeat(1_000)])
        expect(dictionary.numberOf(other)).toBe(0);
    }
  });

  it('keeps a wide text apart from the narrow one that is packed into the same bits', () => {
    expect(aDictionary().numberOf('abcd')).toBe(6);
    expect(aDictionary().numberOf('\u6261\u6463')).toBe(8);
    expect(aDictionary().numberOf('\u6261\u6464')).toBe(0);
  });

  it('lists its texts in the order of their numbers', () => {
    expect(aDictionary().texts()).toEqual(written);
  });
});
