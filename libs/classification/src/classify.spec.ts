import { describe, expect, it } from '@jest/globals';
import { classify } from './classify.js';
import { aLeaf, aTaxonomy, classified, foundIn, options } from './testing/samples.js';

describe('classify', () => {
  it('finds what is written plainly', () => {
    const text =
      'My SSN is 123-45-6788, card 4111 1111 1111 1111, mail bob@acme.co.uk, call (415) 555-2671, IBAN DE89 3704 0044 0532 0130 00.';
    expect(foundIn(text)).toEqual([
      'US_SSN:123-45-6788',
      'CREDIT_CARD:4111 1111 1111 1111',
      'EMAIL:bob@acme.co.uk',
      'PHONE:(415) 555-2671',
      'IBAN:DE89 3704 0044 0532 0130 00',
    ]);
  });

  it('calls an identifier in clinical context PHI, on the same span', () => {
    const found = classified('Patient admitted with pneumonia, MRN 00482913, mail bob@acme.com');
    expect(found.classes['PHI']).toBeGreaterThanOrEqual(900);
    expect(found.findings.filter((each) => each.class === 'PHI').map((each) => each.type)).toEqual([
      'MEDICAL_RECORD_NUMBER',
      'EMAIL',
    ]);
  });

  it('does not call a clinical question without an identifier PHI', () => {
    expect(classified('What is the usual dose of metformin for adult patients?').classes).toEqual({});
  });

  it('leaves order numbers, versions, commits, times and GUIDs alone', () => {
    const text =
      'order 4111111111111112, commit 1234567890, version 1.2.3.4 at 12:34:56, uuid 550e8400-e29b-41d4-a716-446655440000, ts=1718030400';
    expect(foundIn(text)).toEqual([]);
  });

  it('reads the key beside a JSON leaf as a cue, and numbers as their source text', () => {
    expect(foundIn('{"ssn": 123456788, "count": 123456788}')).toEqual(['US_SSN:123456788']);
    const found = classify([aLeaf('123456788', { key: 'patient_ssn', fixed: true })], aTaxonomy(), options());
    expect(found.findings.map((each) => each.type)).toEqual(['US_SSN']);
  });

  it('is incomplete when the budget of time is spent, and says so', () => {
    const found = classify(
      [aLeaf('hello')],
      aTaxonomy(),
      options(() => true),
    );
    expect(found).toMatchObject({ complete: false, incompleteBecause: ['budget:time'] });
  });

  it('is incomplete when more names are spelled out than are read, and complete up to there', () => {
    const name = 'J-O-H-N S-M-I-T-H; ';
    expect(classified(name.repeat(64))).toMatchObject({ complete: true, incompleteBecause: [] });
    expect(classified(name.repeat(65))).toMatchObject({ complete: false, incompleteBecause: ['budget:views'] });
  });

  it('is incomplete when a part cannot be read', () => {
    const attachments = [{ path: '/messages/0/content/1', kind: 'image' as const, bytes: 10 }];
    const found = classify([aLeaf('hello')], aTaxonomy(), { ...options(), attachments });
    expect(found.incompleteBecause).toEqual(['unclassified:image']);
  });

  it('never tells the value, only its digest under the tenant key', () => {
    const found = classified('mail bob@acme.com');
    expect(JSON.stringify(found)).not.toContain('bob');
    expect(found.findings[0]!.valueDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('finds the terms of the tenant as whole words, whatever their case and blanks', () => {
    const taxonomy = aTaxonomy({ terms: [{ class: 'INTERNAL', term: 'Project Blue Heron' }] });
    const found = classified('about project  blue-heron, not project blue herons', 'user', taxonomy);
    expect(found.findings.map((each) => [each.class, each.start, each.end])).toEqual([['INTERNAL', 6, 25]]);
  });

  it('finds the patterns of the tenant, and refuses patterns that are not linear', () => {
    const taxonomy = aTaxonomy({ patterns: [{ class: 'INTERNAL', name: 'CASE_NUMBER', pattern: 'CASE-[0-9]{6}' }] });
    const found = classified('see CASE-123456', 'user', taxonomy);
    expect(found.findings.map((each) => each.type)).toEqual(['CASE_NUMBER']);
    expect(() => aTaxonomy({ patterns: [{ class: 'X', name: 'BAD', pattern: '(a)\\1' }] })).toThrow(/BAD/);
    const huge = '((a{30}){30}){30}';
    expect(() => aTaxonomy({ patterns: [{ class: 'X', name: 'HUGE', pattern: huge }] })).toThrow(/HUGE/);
  });
});
