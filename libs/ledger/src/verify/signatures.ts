import { verify } from 'node:crypto';
import { toBase64 } from '../bytes.js';
import { publicKeyOf } from '../note.js';
import type { SignedRecord } from '../signed-record.js';

/** A leaf whose writer is known. */
export interface SignedLeaf {
  readonly signed: SignedRecord;
  readonly publicKey: Uint8Array;
}

/**
 * For each leaf whether its signature holds. They are checked on the threads that Node keeps for such work, so that every core
 * helps, and the caller reads on meanwhile. A signature that records share is checked once. What could not be checked does not
 * hold.
 */
export async function checkSignatures(leaves: readonly SignedLeaf[]): Promise<readonly boolean[]> {
  const asked = new Map<string, Promise<boolean>>();
  return Promise.all(
    leaves.map(({ signed, publicKey }) => {
      const message = signed.signedBytes();
      if (signed.version === 1) return checkSignature(message, signed.signature, publicKey);
      const question = [signed.keyId, toBase64(signed.signature), toBase64(message)].join(' ');
      const answer = asked.get(question) ?? checkSignature(message, signed.signature, publicKey);
      asked.set(question, answer);
      return answer;
    }),
  );
}

function checkSignature(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    verify(null, message, publicKeyOf(publicKey), signature, (fault, isValid) => resolve(fault === null && isValid));
  });
}
