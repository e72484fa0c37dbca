import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { randomFacts, seeded } from './fuzz.js';
import { factsOf, sampleEndpoints } from './given.js';
import { type PolicyVersion, advance, compile, decide, gate, link, packImage, rollback, unpackImage } from './index.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

describe('a packed image', () => {
  const image = compile(source, 3);
  if (!image.ok) throw new Error('the worked policy must compile');
  const packed = packImage(image.value);

  it('decides as the one it was packed from, in a process that never saw the document', () => {
    const loaded = unpackImage(packed);
    if (!loaded.ok) throw new Error(loaded.error);
    const facts = factsOf({ conf: { PHI: 900 } }, 'Europe/Berlin');
    expect(decide(link(loaded.value, sampleEndpoints, 0), facts)).toEqual(
      decide(link(image.value, sampleEndpoints, 0), facts),
    );
  });

  it('is not loaded when one bit of it differs, or when it is cut short', () => {
    for (let at = 0; at < packed.length; at += 97) {
      const damaged = Uint8Array.from(packed);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(unpackImage(damaged).ok).toBe(false);
    }
    expect(unpackImage(packed.subarray(0, packed.length - 4)).ok).toBe(false);
    expect(unpackImage(new Uint8Array()).ok).toBe(false);
  });
});

describe('the gate', () => {
  it('passes the worked policy, on which engine and specification agree for sampled requests too', () => {
    const random = seeded(1);
    const report = gate(
      source,
      source,
      Array.from({ length: 200 }, () => randomFacts(random)),
    );
    expect(report).toMatchObject({
      ok: true,
      value: { passed: true, survivors: [], loosenings: [], disagreements: 0 },
    });
  });

  it('lists failing tests and every loosening', () => {
    const weaker = source.replace('class("SECRET") >= 0.8', 'class("SECRET") >= 0.95');
    const report = gate(weaker, source);
    if (!report.ok) throw new Error(JSON.stringify(report.error));
    expect(report.value.passed).toBe(false);
    expect(report.value.failedTests.map(({ name }) => name)).toEqual(['a credential stops the request']);
    expect(report.value.loosenings.map(({ id }) => id)).toEqual(['no-secrets/when']);
  });
});

function step(version: PolicyVersion, ...steps: Parameters<typeof advance>[1][]): PolicyVersion | string {
  let current = version;
  for (const next of steps) {
    const result = advance(current, next);
    if (!result.ok) return result.error;
    current = result.value;
  }
  return current;
}

describe('a version', () => {
  const draft: PolicyVersion = {
    version: 2,
    state: 'draft',
    shadow: false,
    sourceHash: 's',
    semanticHash: 'h',
    parentHash: 'g',
    author: 'ada',
    authors: ['ada'],
    approver: undefined,
    ticked: [],
    rollbackOf: undefined,
  };
  const loosening = { id: 'phi/when', rule: 'phi', direction: 'loosens' as const, what: 'the condition changes' };
  const upToSubmit = [{ kind: 'validate', passed: true } as const, { kind: 'submit' } as const];
  const approval = { kind: 'approve', approver: 'grace', ticked: ['phi/when'], loosenings: [loosening] } as const;
  const publication = { kind: 'publish', expectedHash: 'h', invariantsProved: true, needsApproval: true } as const;

  it('is published after the gate, another person, every loosening ticked, and proofs', () => {
    expect(step(draft, ...upToSubmit, approval, publication)).toMatchObject({ state: 'published', approver: 'grace' });
  });

  it('is not approved by its author, nor with a loosening that was not ticked', () => {
    expect(step(draft, ...upToSubmit, { ...approval, approver: 'ada' })).toBe('own-approval');
    expect(step(draft, ...upToSubmit, { ...approval, ticked: [] })).toBe('loosening-not-ticked');
  });

  it('skips no step, and is not published as something else than was approved', () => {
    expect(step(draft, { kind: 'submit' })).toBe('wrong-state');
    expect(step(draft, { kind: 'validate', passed: false })).toBe('gate-failed');
    expect(step(draft, ...upToSubmit, publication)).toBe('wrong-state');
    expect(step(draft, ...upToSubmit, approval, { ...publication, expectedHash: 'x' })).toBe('hash-differs');
    expect(step(draft, ...upToSubmit, approval, { ...publication, invariantsProved: false })).toBe(
      'invariant-not-proved',
    );
  });

  it('is published by one person only where the tenant does not ask for two, and never unchecked', () => {
    const alone = { ...publication, needsApproval: false };
    expect(step(draft, { kind: 'validate', passed: true }, alone)).toMatchObject({ state: 'published' });
    expect(step(draft, { kind: 'validate', passed: true }, publication)).toBe('wrong-state');
    expect(step(draft, alone)).toBe('wrong-state');
  });

  it('is approved by nobody who ever edited it, not even before somebody else did', () => {
    const edit = { kind: 'edit', author: 'grace', sourceHash: 't', semanticHash: 'i' } as const;
    expect(step(draft, edit, ...upToSubmit, { ...approval, approver: 'ada' })).toBe('own-approval');
    expect(step(draft, edit, ...upToSubmit, { ...approval, approver: 'grace' })).toBe('own-approval');
    expect(step(draft, edit, ...upToSubmit, { ...approval, approver: 'alan' })).toMatchObject({ state: 'approved' });
  });

  it('returns to draft when it is edited, whoever approved it before', () => {
    const edit = { kind: 'edit', author: 'grace', sourceHash: 't', semanticHash: 'i' } as const;
    expect(step(draft, ...upToSubmit, approval, edit)).toMatchObject({
      state: 'draft',
      author: 'grace',
      approver: undefined,
      ticked: [],
    });
    expect(step(draft, ...upToSubmit, approval, publication, edit)).toBe('wrong-state');
  });

  it('comes back as a new version that passes the same gate', () => {
    const published = step(draft, ...upToSubmit, approval, publication);
    if (typeof published === 'string') throw new Error(published);
    const old = { ...published, version: 1, state: 'superseded' as const, semanticHash: 'g' };
    expect(rollback(old, published, 'ada')).toMatchObject({
      ok: true,
      value: { version: 3, state: 'draft', semanticHash: 'g', parentHash: 'h', rollbackOf: 1, approver: undefined },
    });
    expect(rollback(draft, published, 'ada')).toEqual({ ok: false, error: 'wrong-state' });
  });
});
