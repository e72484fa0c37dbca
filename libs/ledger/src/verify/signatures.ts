import { verify } from 'node:crypto';
import type { ParsedJws } from '../jws.js';
import { publicKeyOf } from '../note.js';

/** A leaf whose writer is known. */
export interface SignedLeaf {
  readonly jws: ParsedJws;
  readonly publicKey: Uint8Array;
}

/**
 * For each leaf whether its signature holds. They are checked on the threads that Node keeps for such work, so that every core
 * helps, and the caller reads on meanwhile. What could not be checked does not hold.
 */
export async function checkSignatures(leaves: readonly SignedLeaf[]): Promise<readonly boolean[]> {
  const holds = leaves.map(() => false);
  if (leaves.length === 0) return holds;
  const { promise, resolve } = Promise.withResolvers<void>();
  let open = leaves.length;
  leaves.forEach(({ jws, publicKey }, at) => {
    verify(null, jws.signedPart, publicKeyOf(publicKey), jws.signature, (fault, isValid) => {
      holds[at] = fault === null && isValid;
      open -= 1;
      if (open === 0) resolve();
    });
  });
  await promise;
  return holds;
}
