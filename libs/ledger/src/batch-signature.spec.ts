import { describe, expect, it } from '@jest/globals';
import { createHash, sign } from 'node:crypto';
import { batchProofBytes, parseBatchProof, signBatch, signedByBatch } from './batch-signature.js';
import { keyFrom } from './bundle/log.fixtures.js';
import { toHex, utf8 } from './bytes.js';
import { verifyEd25519 } from './note.js';
import { rawPublicKey } from './signer.js';

const key = keyFrom('batch');
const publicKey = rawPublicKey(key);
const statements = (count: number): Uint8Array[] => Array.from({ length: count }, (_, n) => utf8(`statement ${n}`));

function signed(count: number, seed = '') {
  const messages: Uint8Array[] = [];
  let drawn = 0;
  const proofs = signBatch(
    statements(count),
    (message) => {
      messages.push(message);
      return sign(null, message, key);
    },
    (length) =>
      createHash('shake256', { outputLength: length })
        .update(`${seed}${(drawn += 1)}`)
        .digest(),
  );
  return { proofs, messages };
}

function holds(statement: Uint8Array, proof: Uint8Array | undefined): boolean {
  const parsed = parseBatchProof(proof ?? new Uint8Array());
  return parsed !== undefined && verifyEd25519(publicKey, signedByBatch(statement, parsed), parsed.signature);
}

describe('one signature over a batch', () => {
  it.each([1, 2, 3, 33, 64])('is made once for %d statements, and each has a proof that stands alone', (count) => {
    const { proofs, messages } = signed(count);
    expect(messages).toHaveLength(1);
    expect(statements(count).map((statement, at) => holds(statement, proofs[at]))).toEqual(
      statements(count).map(() => true),
    );
  });

  it('proves no other statement, and none in the place of another', () => {
    const { proofs } = signed(5);
    expect(holds(utf8('statement 5'), proofs[0])).toBe(false);
    expect(holds(utf8('statement 1'), proofs[0])).toBe(false);
  });

  it('breaks with any byte of a proof', () => {
    const [proof = new Uint8Array()] = signed(3).proofs;
    for (let at = 0; at < proof.length; at += 1) {
      const changed = Uint8Array.from(proof);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect([at, holds(utf8('statement 0'), changed)]).toEqual([at, false]);
    }
  });

  it('says nothing of how many were signed: proofs have one length, and siblings that no one told of are random', () => {
    const lengths = [1, 2, 64].flatMap((count) => signed(count).proofs.map(({ length }) => length));
    expect(new Set(lengths)).toEqual(new Set([batchProofBytes]));
    const alone = 'a b c d e f g h'
      .split(' ')
      .map((seed) => parseBatchProof(signed(1, seed).proofs[0] ?? new Uint8Array()));
    expect(new Set(alone.map((proof) => proof?.slot)).size).toBeGreaterThan(1);
    expect(new Set(alone.flatMap((proof) => proof?.path.map(toHex) ?? [])).size).toBe(8 * 6);
  });

  it('gives every statement a slot of its own', () => {
    const slots = signed(64).proofs.map((proof) => parseBatchProof(proof)?.slot);
    expect(slots.toSorted((one, other) => (one ?? 0) - (other ?? 0))).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });

  it('covers at most 64', () => {
    expect(() => signed(65)).toThrow(RangeError);
  });

  it('is not read from bytes of another length, nor with a slot outside the tree', () => {
    const [proof = new Uint8Array()] = signed(1).proofs;
    expect(parseBatchProof(proof.subarray(1))).toBeUndefined();
    expect(parseBatchProof(Buffer.concat([proof, Buffer.alloc(1)]))).toBeUndefined();
    const outside = Uint8Array.from(proof);
    outside[64] = 64;
    expect(parseBatchProof(outside)).toBeUndefined();
  });
});
