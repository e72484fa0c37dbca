import { describe, expect, it } from '@jest/globals';
import { utf8 } from './bytes.js';
import { ProofGatherer } from './gather-proofs.js';
import { hashLeaf, inclusionProof, rootOf, verifyInclusion } from './merkle.js';

const hashes = Array.from({ length: 70 }, (_, n) => hashLeaf(utf8(`leaf ${n}`)));

describe('proofs out of one pass', () => {
  it('are those of RFC 6962, for every leaf of every tree', () => {
    for (let size = 1; size <= hashes.length; size += 1) {
      const leaves = hashes.slice(0, size);
      const gatherer = new ProofGatherer([...leaves.keys()], size);
      for (const hash of leaves) gatherer.append(hash);
      const proofs = gatherer.proofs();
      for (const [index, hash] of leaves.entries()) {
        expect(proofs.get(index)).toEqual(inclusionProof(index, leaves));
        expect(verifyInclusion(index, size, hash, proofs.get(index) ?? [], rootOf(leaves))).toBe(true);
      }
    }
  });

  it('are not given before every leaf was read', () => {
    const gatherer = new ProofGatherer([0], 3);
    gatherer.append(hashes[0] as Uint8Array);
    expect(() => gatherer.proofs()).toThrow('1 of 3 leaves');
  });
});
