import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile, decide, link, runTests } from './index.js';
import { factsOf, sample, sampleEndpoints } from './given.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

describe('the worked policy', () => {
  it('passes every test that it carries', () => {
    const results = runTests(source);
    if (!results.ok) throw new Error(JSON.stringify(results.error));
    expect(results.value.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.value).toHaveLength(15);
  });

  it('compiles to the same hash whatever its layout and comments', () => {
    const plain = compile(source, 1);
    const commented = compile(`# a note\n${source.replace('rules:', 'rules:   # the rules')}`, 2);
    if (!plain.ok || !commented.ok) throw new Error('the worked policy must compile');
    expect(commented.value.hash).toBe(plain.value.hash);
  });
});

describe('decide', () => {
  const image = compile(source, 7);
  if (!image.ok) throw new Error('the worked policy must compile');
  const linked = link(image.value, sampleEndpoints, 0);
  const zone = 'Europe/Berlin';

  it('names the policy, the facts and the catalogue that a replay needs', () => {
    const decision = decide(linked, factsOf({}, zone));
    expect(decision.policy).toMatchObject({ name: 'regional-hospital', version: 7, hash: image.value.hash });
    expect(decision.factsHash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(decision.catalogueHash).toBe(linked.catalogueHash);
  });

  it('drops an endpoint at the minute its agreement expires', () => {
    const facts = factsOf({ conf: { PHI: 900 } }, zone);
    const endpoint = sample('baa', { certs: ['HIPAA-BAA'] });
    const ending = [{ ...endpoint, assurances: [{ name: 'HIPAA-BAA', validFrom: 0, validUntil: facts.atMs }] }];
    const before = link(image.value, ending, facts.atMs - 1);
    expect(before.validUntilMs).toBe(facts.atMs);
    expect(decide(before, { ...facts, atMs: facts.atMs - 1 }).effect).toBe('permit');
    expect(decide(before, facts)).toMatchObject({ effect: 'deny', code: 'link-expired' });
    expect(decide(link(image.value, ending, facts.atMs), facts)).toMatchObject({ code: 'no-authorized-endpoint' });
  });

  it('denies with classification-incomplete when nothing but the unfinished classification stands in the way', () => {
    expect(decide(linked, factsOf({ conf: null }, zone))).toMatchObject({ code: 'classification-incomplete' });
    expect(decide(linked, factsOf({ conf: null, roles: ['visitor'] }, zone))).toMatchObject({ code: 'no-permit' });
  });
});
