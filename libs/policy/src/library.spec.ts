import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lint, mutate, runTests } from './index.js';
import { type Prover, startProver } from './prove.js';

const folder = new URL('../../../deploy/policies/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

let prover: Prover;
beforeAll(() => {
  prover = startProver();
});
afterAll(async () => {
  await prover.close();
});

describe.each(names)('the policy library: %s', (name) => {
  const source = readFileSync(new URL(name, folder), 'utf8');

  it('has nothing to complain of, and passes its tests', () => {
    expect(lint(source)).toEqual([]);
    const results = runTests(source);
    if (!results.ok) throw new Error(JSON.stringify(results.error));
    expect(
      results.value.filter(({ passed }) => !passed).map(({ name: test, differences }) => [test, differences]),
    ).toEqual([]);
    expect(results.value.length).toBeGreaterThan(5);
  });

  it('has a test that notices when any rule is broken', () => {
    const report = mutate(source);
    if (!report.ok) throw new Error(JSON.stringify(report.error));
    expect(report.value.survivors).toEqual([]);
  });

  it('keeps its invariants for every request and every catalogue', async () => {
    const proofs = await prover.prove(source);
    if (!proofs.ok) throw new Error(JSON.stringify(proofs.error));
    expect(proofs.value.filter(({ proof }) => proof.verdict !== 'proved')).toEqual([]);
    expect(proofs.value.length).toBeGreaterThan(0);
  });
});
