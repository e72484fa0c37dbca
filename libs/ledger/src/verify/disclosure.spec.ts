import { afterAll, describe, expect, it } from '@jest/globals';
import { disclose } from '../bundle/disclose.js';
import { bundleOf, exampleLog, log, planOf, root, sourceOf } from '../bundle/log.fixtures.js';
import { citedFiles } from '../bundle/select.js';
import type { StoredLeaf } from '../ledger.js';
import { inclusionProof } from '../merkle.js';
import { second } from './attacks.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

afterAll(() => second.close());

const { leaves } = await exampleLog(3);
const hashes = leaves.map(({ leafHash }) => leafHash);
const rowOf = ({ leaf, sealed, wrappedKey }: StoredLeaf) => ({
  leaf,
  sealed: sealed ?? new Uint8Array(),
  wrappedKey: wrappedKey?.wrapped ?? new Uint8Array(),
});

async function judge(bundle: Uint8Array) {
  const report = await verifyBundle(sourceOf(bundle), { root: root.publicKey });
  expect(await second.verify(bundle)).toBe(String(report.exit));
  return report;
}

describe('sealed content', () => {
  it('is disclosed field by field, and verified against the leaf', async () => {
    const rows = leaves.map((leaf) => {
      const open = leaf.sealed && disclose(rowOf(leaf), log.contentKey, (field) => field !== 'sub');
      return { leaf: leaf.leaf, leafHash: leaf.leafHash, ...(open ? { open } : {}) };
    });
    expect(rows[0]?.open?.['prompt']?.value).toContain('what is 0 + 0?');
    expect(rows[0]?.open?.['sub']).toBeUndefined();
    const report = await judge(await bundleOf(planOf(leaves), rows));
    expect(report.exit).toBe(0);
    expect(report.claims.find(({ name }) => name === 'DISCLOSED')?.holds).toBe(true);
  });

  it('stays closed without its key, in another place, and with one byte changed', () => {
    const row = rowOf(leaves[0] as StoredLeaf);
    expect(() => disclose(row, new Uint8Array(32))).toThrow();
    expect(() =>
      disclose({ ...row, sealed: (leaves[5] as StoredLeaf).sealed as Uint8Array }, log.contentKey),
    ).toThrow();
    const edited = Buffer.from(row.sealed);
    edited[40] = (edited[40] as number) ^ 1;
    expect(() => disclose({ ...row, sealed: edited }, log.contentKey)).toThrow();
  });

  it('of a whole request belongs to its subject, so that one erasure reaches all of it', () => {
    const ofRequest = leaves.filter(({ request }) => request === leaves[0]?.request);
    const subjects = ofRequest.flatMap(({ wrappedKey }) => wrappedKey?.subjectRef ?? []);
    expect(subjects.length).toBeGreaterThan(1);
    expect(new Set(subjects).size).toBe(1);
  });

  it('leaves every proof intact when it is gone', async () => {
    const rows = leaves.map(({ leaf, leafHash }) => ({ leaf, leafHash }));
    expect((await judge(await bundleOf(planOf(leaves), rows))).exit).toBe(0);
  });
});

const selection = (indices: readonly number[], leafOf = (index: number) => (leaves[index] as StoredLeaf).leaf) => {
  const plan = planOf(leaves, { from: 0, to: 0 });
  const cited = indices.map((index) => ({ index, leaf: leafOf(index), proof: inclusionProof(index, hashes) }));
  return bundleOf({ ...plan, attachments: citedFiles(cited, plan.checkpoint) }, []);
};

describe('a selection of records', () => {
  it('proves that each is in the log, and that it is no more than a selection', async () => {
    const report = await judge(await selection([1, 7]));
    expect(report.exit).toBe(0);
    expect(report.claims.find(({ name }) => name === 'COMPLETE')?.holds).toBe(false);
  });

  it('is refused with a record that is not at that place', async () => {
    const bundle = await selection([1], () => (leaves[2] as StoredLeaf).leaf);
    expect(await judge(bundle)).toMatchObject({ exit: 11 });
  });
});
