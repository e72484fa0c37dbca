import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { factsOf, sampleEndpoints } from './given.js';
import { compile, mutate, semanticDiff, simulate } from './index.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');
const edit = (from: string, to: string) => {
  if (!source.includes(from)) throw new Error(`the worked policy no longer says: ${from}`);
  return source.replace(from, to);
};

function directions(after: string) {
  const diff = semanticDiff(source, after);
  if (!diff.ok) throw new Error(JSON.stringify(diff.error));
  return diff.value.changes.map(({ id, direction }) => `${id} ${direction}`);
}

describe('semanticDiff', () => {
  it('lists every loosening by itself, and counts as a tightening only what certainly is one', () => {
    expect(directions(edit('class("PHI") >= 0.6', 'class("PHI") >= 0.8'))).toEqual(['phi-only-baa/when loosens']);
    expect(directions(edit('class("PHI") >= 0.6', 'class("PHI") >= 0.5'))).toEqual(['phi-only-baa/when tightens']);
    expect(directions(edit('"nurse",', '"nurse","visitor",'))).toEqual(['staff-chat/when loosens']);
    expect(directions(edit('style: token', 'style: surrogate'))).toEqual(['pii-redact/redact loosens']);
    expect(directions(edit('style: token', 'style: drop'))).toEqual(['pii-redact/redact tightens']);
    expect(directions(edit('endpoint.cost_class <= 1', 'endpoint.cost_class <= 2'))).toEqual([
      'economy-cheap-only/endpoints loosens',
    ]);
    expect(directions(edit('  - id: no-secrets ', '  - id: no-secret '))).toEqual([
      'no-secrets/removed loosens',
      'no-secret/added tightens',
    ]);
  });

  it('finds no change where only layout, comments or tests changed', () => {
    expect(directions(edit('tests:', '# nothing\ntests:'))).toEqual([]);
  });
});

describe('mutate', () => {
  it('names the rules that no stored test protects', () => {
    const whole = mutate(source);
    if (!whole.ok) throw new Error(JSON.stringify(whole.error));
    expect(whole.value.mutants).toBe(24);
    expect(whole.value.survivors).toEqual([]);
    const without = mutate(edit('expect: { decision: deny, code: denied-by-rule },', 'expect: {},'));
    if (!without.ok) throw new Error(JSON.stringify(without.error));
    expect(without.value.survivors).toContainEqual({ rule: 'no-secrets', mutation: 'removed' });
  });
});

describe('simulate', () => {
  it('counts which past requests would be decided otherwise, by kind and by the rules responsible', () => {
    const before = compile(source, 1);
    const after = compile(
      edit('class("PHI") >= 0.6', 'class("PHI") >= 0.95').replace('class("SECRET") >= 0.8', 'class("SECRET") >= 0.2'),
      2,
    );
    if (!before.ok || !after.ok) throw new Error('both versions must compile');
    const records = [{ PHI: 900 }, { SECRET: 500 }, { PII: 700 }, {}].map((conf, index) => ({
      id: `record-${index}`,
      facts: factsOf({ conf }, 'Europe/Berlin'),
    }));
    const report = simulate({ before: before.value, after: after.value, endpoints: sampleEndpoints, records });
    expect(report).toMatchObject({ requests: 4, changed: 2, counts: { 'newly-denied': 1, 'endpoints-added': 1 } });
    expect(report.groups).toContainEqual({ kind: 'newly-denied', rules: '(same rules) -> no-secrets', count: 1 });
    expect(report.examples['newly-denied'][0]).toMatchObject({ id: 'record-1', after: { code: 'denied-by-rule' } });
  });
});
