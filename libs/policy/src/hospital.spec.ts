import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile, decide, explain, link, runTests } from './index.js';
import { factsOf, sample, sampleEndpoints } from './given.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

describe('the worked policy', () => {
  it('passes every test that it carries', () => {
    const results = runTests(source);
    if (!results.ok) throw new Error(JSON.stringify(results.error));
    expect(results.value.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.value).toHaveLength(16);
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

describe('explain', () => {
  const image = compile(source, 17);
  if (!image.ok) throw new Error('the worked policy must compile');
  const linked = link(image.value, sampleEndpoints, 0);
  const night = factsOf(
    { minute: 1380, conf: { PHI: 910, PII: 700 }, groups: ['break-glass'], justification: 'patient 4711, sepsis' },
    'Europe/Berlin',
  );

  it('tells which rules matched, why, what each excluded and what was overridden', () => {
    const explanation = explain(linked, night);
    expect(explanation).toMatchObject({
      decision: 'redact',
      code: 'OK',
      authorized: ['azure-eu-baa', 'vllm-onprem'],
      permitted: ['azure-eu-baa', 'mistral-eu', 'openai-us', 'vllm-onprem'],
      excluded: [
        { endpoint: 'mistral-eu', by: ['phi-only-baa'] },
        { endpoint: 'openai-us', by: ['phi-only-baa'] },
      ],
      overridden: [{ rule: 'eu-after-hours', by: ['break-glass'] }],
      redactions: { PII: { style: 'token', by: ['pii-redact'] } },
    });
    expect(explanation.matched.find(({ rule }) => rule === 'pii-redact')?.because).toEqual([
      { condition: 'class(PII) >= 0.5', actual: 0.7 },
      { condition: 'not subject.roles has "fraud"', actual: ['nurse'] },
    ]);
  });

  it("shows the caller's own words as present, and never quotes them", () => {
    expect(JSON.stringify(explain(linked, night))).not.toContain('sepsis');
  });

  it('names the permit that came nearest to a denied request, and every unknown fact', () => {
    const denied = explain(linked, factsOf({ roles: ['visitor'] }, 'Europe/Berlin'));
    expect(denied.nearMisses[0]).toMatchObject({ rule: 'staff-chat', failedOn: [{ actual: ['visitor'] }] });
    expect(denied.unknown).toEqual([]);
    const blind = explain(linked, factsOf({ conf: null }, 'Europe/Berlin'));
    expect(blind.unknown).toContainEqual({
      path: 'class(SECRET)',
      cause: 'classification incomplete',
      treatedAs: 'holds, against the request',
    });
  });
});
