import { startProver } from '../prove.js';
import type { Figure } from './measure.js';
import { benchDocument } from './tenant.js';

/** Wall time: the solver works in threads of its own. */
export async function proofFigures(): Promise<readonly Figure[]> {
  const prover = startProver();
  const invariants = [
    'invariants:',
    `  - { name: night, assume: 'time.minute >= 1200 && !("break-glass" in subject.groups)', never: 'endpoint.residency == "US"' }`,
  ].join('\n');
  const source = `${benchDocument(200)}\n${invariants}\n`;
  const started = performance.now();
  await prover.prove(source);
  const firstMs = performance.now() - started;
  const before = performance.now();
  const proofs = await prover.prove(source);
  const proveMs = performance.now() - before;
  if (!proofs.ok || proofs.value.some(({ proof }) => proof.verdict !== 'proved'))
    throw new Error(JSON.stringify(proofs));
  const weaker = source.replace('between(time.minute, "19:00", "07:00")', 'between(time.minute, "23:00", "07:00")');
  const again = performance.now();
  const hole = await prover.prove(weaker);
  const holeMs = performance.now() - again;
  if (!hole.ok || hole.value.some(({ proof }) => proof.verdict !== 'broken')) throw new Error(JSON.stringify(hole));
  await prover.close();
  return [
    { name: 'an invariant proved over 200 rules and every catalogue', value: proveMs / 1_000, unit: 's' },
    { name: 'start of the thread and the solver, and the first proof', value: firstMs / 1_000, unit: 's', goal: 2 },
    { name: 'a hole found in a weakened version', value: holeMs / 1_000, unit: 's' },
  ];
}
