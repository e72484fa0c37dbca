import { expect } from '@jest/globals';
import type { BundlePlan } from '../bundle/export.js';
import { bundleOf, exampleLog, planOf, root, sourceOf, writer } from '../bundle/log.fixtures.js';
import { signBatch } from '../batch-signature.js';
import type { StoredLeaf } from '../ledger.js';
import { hashLeaf } from '../merkle.js';
import { parseRecord, statementOf, withProof } from '../signed-record.js';
import { SecondVerifier } from './second-verifier.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

export const second = new SecondVerifier();

export const example = await exampleLog(6);
export const honest = example.leaves;
export const tile = 'log/tile/0/000.p/';
export const entries = 'log/tile/entries/000.p/';

/** Both verifiers judge; they must agree. */
export async function judge(bundle: Uint8Array, other?: Uint8Array) {
  const report = await verifyBundle(sourceOf(bundle), {
    root: root.publicKey,
    ...(other ? { compare: sourceOf(other) } : {}),
  });
  expect(await second.verify(bundle, other ? { other } : {})).toBe(String(report.exit));
  return { exit: report.exit, index: report.findings[0]?.index };
}

/** What an operator makes who holds the log key and the exporter key: a perfect tree over other leaves. */
export async function rebuilt(leaves: readonly StoredLeaf[], more: Partial<BundlePlan> = {}) {
  return bundleOf(planOf(leaves, more), leaves);
}

export function resigned(
  leaf: StoredLeaf,
  change: (payload: Record<string, unknown>) => void,
  signer = writer,
): StoredLeaf {
  const payload = JSON.parse(Buffer.from(parseRecord(leaf.leaf)?.payload ?? []).toString('utf8')) as Record<
    string,
    unknown
  >;
  change(payload);
  const sorted = Object.fromEntries(Object.entries(payload).toSorted(([one], [two]) => (one < two ? -1 : 1)));
  const bytes = signedAlone(JSON.stringify(sorted), signer);
  return { ...leaf, leaf: bytes, leafHash: hashLeaf(bytes) };
}

/** A batch of one, whatever its payload says. */
export function signedAlone(payload: string, signer = writer): Uint8Array {
  const statement = statementOf(signer, payload);
  const [proof] = signBatch(
    [statement.signedPart],
    (bytes) => signer.sign(bytes),
    (length) => new Uint8Array(length),
  );
  return withProof(statement, proof ?? new Uint8Array());
}

export const at = (index: number) => honest[index] as StoredLeaf;
export const replaced = (index: number, leaf: StoredLeaf) => honest.with(index, leaf);
