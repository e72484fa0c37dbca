import { describe, expect, it } from '@jest/globals';
import { fromHex, sameBytes, toHex, utf8 } from './bytes.js';
import {
  CompactRange,
  consistencyProof,
  coverRange,
  hashLeaf,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.js';

/** The test leaves and roots of the certificate-transparency reference implementation. */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const many = Array.from({ length: 70 }, (_, n) => hashLeaf(utf8(`leaf ${n}`)));

describe('the tree of RFC 6962', () => {
  it('has the roots of the certificate-transparency reference tree', () => {
    const hashes = leaves.map((hex) => hashLeaf(fromHex(hex)));
    expect(roots.map((_, size) => toHex(rootOf(hashes.slice(0, size))))).toEqual(roots);
  });

  it('continues from the frontier of any size as if it had never stopped', () => {
    for (let size = 0; size <= many.length; size += 1) {
      const before = new CompactRange();
      for (const hash of many.slice(0, size)) before.append(hash);
      const after = CompactRange.from(size, before.frontier());
      for (const hash of many.slice(size)) after?.append(hash);
      expect(after && sameBytes(after.root(), rootOf(many))).toBe(true);
    }
  });

  it('refuses a frontier with the wrong number of hashes', () => {
    expect(CompactRange.from(3, [many[0] as Uint8Array])).toBeUndefined();
  });

  it('covers any range with aligned subtrees that lead to the same root', () => {
    for (let from = 0; from <= many.length; from += 7) {
      const range = new CompactRange();
      for (const hash of many.slice(0, from)) range.append(hash);
      for (const { start, size } of coverRange(from, many.length)) {
        range.appendSubtree(size, rootOf(many.slice(start, start + size)));
      }
      expect(sameBytes(range.root(), rootOf(many))).toBe(true);
    }
  });

  it('proves every leaf of every size, and no other leaf, index or size', () => {
    for (const size of [1, 2, 3, 5, 8, 33, 70]) {
      const hashes = many.slice(0, size);
      const root = rootOf(hashes);
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(index, hashes);
        const leaf = hashes[index] as Uint8Array;
        expect(verifyInclusion(index, size, leaf, proof, root)).toBe(true);
        expect(verifyInclusion(index + 1, size, leaf, proof, root)).toBe(false);
        expect(verifyInclusion(index, size, hashLeaf(utf8('other')), proof, root)).toBe(false);
        expect(verifyInclusion(index, size, leaf, [...proof, root], root)).toBe(false);
        expect(size === 1 || !verifyInclusion(index, size, leaf, proof.slice(1), root)).toBe(true);
      }
    }
  });

  it('proves that a tree extends an earlier one, and refuses any other pair', () => {
    for (let first = 0; first <= many.length; first += 3) {
      const proof = consistencyProof(first, many);
      const before = rootOf(many.slice(0, first));
      expect(verifyConsistency(first, many.length, before, rootOf(many), proof)).toBe(true);
      const fork = rootOf([...many.slice(0, -1), hashLeaf(utf8('fork'))]);
      expect(verifyConsistency(first, many.length, before, fork, proof)).toBe(first === 0);
    }
  });
});
