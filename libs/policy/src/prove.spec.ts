import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { policyLimits } from './limits.js';
import { type Prover, startProver } from './prove.js';

const source = readFileSync(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url), 'utf8');

describe('the prover', () => {
  let prover: Prover;
  beforeAll(() => {
    prover = startProver();
  });
  afterAll(async () => {
    await prover.close();
  });

  it('proves that PHI never leaves the cover of an agreement, whatever the request and the catalogue', async () => {
    expect(await prover.prove(source)).toEqual({
      ok: true,
      value: [{ name: 'PHI never leaves BAA cover', proof: { verdict: 'proved' } }],
    });
  });

  it('finds the hole in a weakened rule, and a request that goes through it', async () => {
    const weak = source.replace('class("PHI") >= 0.6', 'class("PHI") >= 0.95');
    const found = await prover.prove(weak);
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    const [first] = found.value;
    if (first?.proof.verdict !== 'broken') throw new Error('the hole was not found');
    expect(first.proof.witness['class(PHI)']).toBeGreaterThanOrEqual(0.9);
    expect(first.proof.witness['class(PHI)']).toBeLessThan(0.95);
    expect(first.proof.witness['endpoint.certs'] ?? []).not.toContain('HIPAA-BAA');
  });

  it('finds the hole that opens only while a fact is unknown', async () => {
    const unclassified = source.replace('id: staff-chat\n', 'id: staff-chat\n    accepts: unclassified\n');
    expect(await prover.prove(unclassified)).toMatchObject({ value: [{ proof: { verdict: 'proved' } }] });
    const blind = unclassified
      .replace(
        'effect: restrict\n    when: class("PHI") >= 0.6',
        'effect: restrict\n    when: data.complete && class("PHI") >= 0.6',
      )
      .replace('class("SECRET") >= 0.8', 'data.complete && class("SECRET") >= 0.8');
    const found = await prover.prove(blind);
    expect(found).toMatchObject({ value: [{ proof: { verdict: 'broken', witness: { 'data unavailable': true } } }] });
  });

  it('proves that a tightening authorizes nothing new, and shows what a loosening authorizes', async () => {
    const tighter = source.replace('class("PHI") >= 0.6', 'class("PHI") >= 0.5');
    expect(await prover.proveNoLoosening(source, tighter)).toMatchObject({ value: { verdict: 'proved' } });
    expect(await prover.proveNoLoosening(tighter, source)).toMatchObject({ value: { verdict: 'broken' } });
  });

  it('leaves no timer of the solver in the thread that asks, for one would keep a process alive for ten minutes', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    try {
      expect(await prover.prove(source)).toMatchObject({ ok: true });
      expect(timers.mock.calls.map(([, ms]) => ms).filter((ms = 0) => ms > policyLimits.proofMs)).toEqual([]);
    } finally {
      timers.mockRestore();
    }
  });

  it('answers undecided at the deadline, and the next question gets a new thread', async () => {
    const hurried = startProver(1);
    expect(await hurried.proveNoLoosening(source, source)).toEqual({ ok: true, value: { verdict: 'undecided' } });
    expect(await hurried.prove(source)).toMatchObject({ ok: false, error: [{ code: 'E_LIMIT', line: 1 }] });
    await hurried.close();
  });

  it('has no answer once it is closed', async () => {
    const closed = startProver();
    const asked = closed.proveNoLoosening(source, source);
    await closed.close();
    expect(await asked).toEqual({ ok: true, value: { verdict: 'undecided' } });
    expect(await closed.proveNoLoosening(source, source)).toEqual({ ok: true, value: { verdict: 'undecided' } });
  });
});
