import { describe, expect, it } from '@jest/globals';
import {
  claimsOf,
  classesOf,
  concerns,
  deepFactOf,
  issueClassificationToken,
  leafDigestsOf,
  readClassificationToken,
  tighten,
} from './classification-token.js';
import { compareTaxonomies } from './shadow.js';
import { explain } from './explain.js';
import { generalise } from './redact/generalise.js';
import { aLeaf, aTaxonomy, classified, key, options } from './testing/samples.js';

const claims = claimsOf(classified('mail bob@acme.com'), [aLeaf('mail bob@acme.com')], {
  id: 'review-1',
  digestKey: key,
  expiresAt: 2_000,
});

describe('the classification token', () => {
  it('comes back as it was issued, and holds no content', () => {
    const token = issueClassificationToken(claims, key);
    expect(readClassificationToken(token, key, 1_000)).toEqual({ ok: true, value: claims });
    expect(Buffer.from(token.split('.')[0]!, 'base64url').toString()).not.toContain('bob');
  });

  it('is refused when it was sealed by another key, changed, or is too old', () => {
    const token = issueClassificationToken(claims, key);
    expect(readClassificationToken(token, new Uint8Array(32), 1_000)).toEqual({ ok: false, error: 'forged' });
    expect(readClassificationToken(`A${token.slice(1)}`, key, 1_000)).toEqual({ ok: false, error: 'forged' });
    expect(readClassificationToken(token, key, 3_000)).toEqual({ ok: false, error: 'expired' });
  });

  it('lets a review tighten and never loosen', () => {
    const reviewed = tighten(claims, { PII: 100, PHI: 800 });
    expect(classesOf(reviewed)).toEqual({ PII: 950, PHI: 800 });
    expect(classesOf(tighten(reviewed, { PHI: 100 }))).toEqual({ PII: 950, PHI: 800 });
    expect(tighten(claims, 'failed').state).toBe('failed');
    expect(tighten(reviewed, 'failed')).toEqual(reviewed);
  });

  it('keeps what was found inline beside what the review found', () => {
    const reviewed = tighten(claims, { PHI: 800 });
    expect([reviewed.inline, reviewed.review]).toEqual([{ PII: 950 }, { PHI: 800 }]);
  });

  it('concerns a later request that holds its newest leaf, and none that shares the system prompt alone', () => {
    const system = aLeaf('You are a helpful assistant.', { path: '/messages/0/content', role: 'system' });
    const asked = aLeaf('mail bob@acme.com', { path: '/messages/1/content' });
    const of = claimsOf(classified('mail bob@acme.com'), [system, asked], {
      id: 'r',
      digestKey: key,
      expiresAt: 2_000,
    });
    const later = aLeaf('and now?', { path: '/messages/3/content' });
    expect(concerns(of, leafDigestsOf([system, asked, later], key))).toBe(true);
    expect(concerns(of, leafDigestsOf([system, later], key))).toBe(false);
  });

  it('is a fact for policy that is clear only when every review is done and found nothing', () => {
    const clear = tighten(claims, { PHI: 100 });
    expect(deepFactOf([])).toBe('none');
    expect(deepFactOf([claims])).toBe('pending');
    expect(deepFactOf([tighten(claims, 'failed'), clear])).toBe('pending');
    expect(deepFactOf([clear])).toBe('clear');
    expect(deepFactOf([clear, tighten(claims, { PHI: 700 })])).toBe('confirmed');
  });
});

describe('a shadow run', () => {
  it('tells what a candidate taxonomy would change and nothing of the values', () => {
    const leaves = [aLeaf('about the blue heron plan, mail bob@acme.com')];
    const candidate = aTaxonomy({ version: '2', terms: [{ class: 'INTERNAL', term: 'blue heron' }] });
    const difference = compareTaxonomies(leaves, aTaxonomy(), candidate, options());
    expect(difference.added).toEqual(['INTERNAL TENANT_TERM /messages/0/content 10-20']);
    expect(difference.classesRaised).toEqual(['INTERNAL']);
    expect(difference.removed).toEqual([]);
  });
});

describe('explain', () => {
  it('tells the steps of a score without the value', () => {
    const leaf = aLeaf('My SSN is 123-45-6788');
    const [found] = classified(leaf.text).findings;
    const steps = explain(found!, leaf, aTaxonomy());
    expect(steps).toContain('cue: ssn');
    expect(steps.join()).not.toContain('6788');
  });
});

describe('generalise', () => {
  it('keeps what the Safe Harbor rule lets stand', () => {
    expect(generalise('DATE', '03/14/1962')).toBe('1962');
    expect(generalise('AGE', '93 y/o')).toBe('90+');
    expect(generalise('LOCATION', 'OH 45402')).toBe('454**');
    expect(generalise('LOCATION', 'VT 05901')).toBe('000**');
  });
});
