import { describe, expect, it } from '@jest/globals';
import type { Classification, Finding } from '@writ/domain';
import { canonicalJson } from './canonical-json.js';
import { classificationJson, spansOf } from './classification-fields.js';
import { wellFormed } from './clear-fields.js';

const found: Finding = {
  path: '/messages/0/content',
  start: 0,
  end: 9,
  class: 'PII',
  type: 'EMAIL',
  score: 950,
  detector: 'email',
  detectorVersion: '1',
  via: [],
  cues: ['mail', 'to'],
  alternatives: [],
  valueDigest: 'ab',
};

function classificationOf(...findings: readonly Finding[]): Classification {
  return {
    classes: { PII: 950 },
    findings,
    complete: true,
    incompleteBecause: [],
    taxonomyVersion: '1',
    engineVersion: '1',
    leavesScanned: 1,
    charactersScanned: 9,
  };
}

describe('the spans as committed to', () => {
  it.each<readonly [name: string, finding: Finding]>([
    ['plain', found],
    ['with everything', { ...found, validator: 'luhn', test: true }],
    ['in no order', Object.fromEntries(Object.entries(found).toReversed()) as unknown as Finding],
    ['with quotes and other scripts', { ...found, path: '/a"b\\c/ü/\u2028', cues: ['\t\n\r\b\f', '\u007f'] }],
    ['with a control', { ...found, type: 'a\u0001b' }],
    ['with NUL', { ...found, detector: 'a\u0000b' }],
    ['with half a surrogate pair', { ...found, alternatives: ['\ud83d', '\u{1f600}'] }],
    ['with what looks like an escape', { ...found, path: '/\\u0000' }],
    ['with a fraction', { ...found, score: 0.5 }],
    ['with no number', { ...found, end: Number.NaN }],
    ['with minus zero', { ...found, start: -0 }],
    ['with a number that is too large', { ...found, end: 2 ** 53 }],
  ])('are canonical JSON: a finding %s', (_name, finding) => {
    const findings = [found, finding];
    expect(spansOf(classificationOf(...findings))).toBe(canonicalJson(wellFormed(findings)));
  });

  it('are absent where nothing was found', () => {
    expect(spansOf(classificationOf())).toBeUndefined();
  });
});

describe('what a classification says in clear', () => {
  it('counts types and names each detector once in each version', () => {
    const other = { ...found, type: 'PERSON', detector: 'names', detectorVersion: '2' };
    const findings = [found, other, found, { ...found, detectorVersion: '2' }, found];
    expect(JSON.parse(classificationJson(classificationOf(...findings)))).toMatchObject({
      types: { EMAIL: 4, PERSON: 1 },
      spans: 5,
      detectors: ['email@1', 'email@2', 'names@2'],
    });
  });
});
