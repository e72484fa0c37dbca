import { describe, expect, it } from '@jest/globals';
import { tokenise, type Tokens } from '../text/tokens.js';
import { Tagger } from './tagger.js';

const texts = [
  'Please write to Maria Garcia in Lisbon, and to the office of Keller Consulting GmbH.',
  'maria garcia lives in LISBON; Maria said so, and MARIA GARCIA signed.',
  'The Report of the Team was sent by Peter Novak from Brno to Omar Haddad.',
  'Garcia, Maria (born 1980) works for the Ministry of Health at Berlin.',
];

/** The labels of all words, each behind the labels before it. */
function labelsOf(tokens: Tokens, tagger: () => Tagger): readonly (readonly [number, number])[] {
  let [last, beforeLast] = [0, 0];
  return Array.from({ length: tokens.count }, (_, index) => {
    const own = tagger();
    const label = own.label(tokens, index, last, beforeLast);
    [beforeLast, last] = [last, label];
    return [label, own.lead] as const;
  });
}

/** Its label and lead. */
function thirdWord(tagger: Tagger, tokens: Tokens): readonly [number, number] {
  return [tagger.label(tokens, 2, 0, 0), tagger.lead];
}

describe('the tagger', () => {
  it('labels a word alike, whatever words it labelled before', () => {
    const used = new Tagger();
    for (const text of [...texts, ...texts.toReversed()]) {
      const tokens = tokenise(text);
      const fresh = labelsOf(tokens, () => new Tagger());
      expect(labelsOf(tokens, () => used)).toEqual(fresh);
      expect(fresh.some(([label]) => label !== 0)).toBe(true);
    }
  });

  it('does not take a word for another of the same hash', () => {
    const used = new Tagger();
    const [first, second] = [tokenise('met by Garcia in'), tokenise('met by Tomato in')];
    // As if FNV-1a gave both words one hash.
    second.hash[2] = first.hash[2]!;
    second.tail[2] = first.tail[2]!;
    const garcia = thirdWord(used, first);
    const tomato = thirdWord(new Tagger(), second);
    expect(tomato).not.toEqual(garcia);
    expect(thirdWord(used, second)).toEqual(tomato);
  });
});
