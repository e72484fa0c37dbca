import { limits } from '@writ/domain';
import { compactVerify, errors } from 'jose';
import { BoundedMap } from './bounded-map.js';
import type { Trust } from './directory.js';
import type { VerificationKey } from './key-set.js';
import type { Token } from './token.js';

export async function isSignedBy({ text, algorithm }: Token, key: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/**
 * Remembers which key verified which token: the full SHA-256 of the token, the tenant and the connection name it, and the
 * very key that the store holds now must be the one remembered. Expiry and every other check run each time.
 */
export class SignatureMemory {
  readonly #keys = new BoundedMap<VerificationKey>(limits.verifiedTokens);

  /** True for what this very key verified before; false says nothing. */
  knows(token: Token, trust: Trust, key: VerificationKey): boolean {
    return this.#keys.get(nameOf(token, trust)) === key;
  }

  async verify(token: Token, trust: Trust, key: VerificationKey): Promise<boolean> {
    if (this.knows(token, trust, key)) return true;
    const genuine = await isSignedBy(token, key);
    if (genuine) this.#keys.set(nameOf(token, trust), key);
    return genuine;
  }
}

function nameOf({ sha256 }: Token, { tenant, connection }: Trust): string {
  return `${sha256} ${tenant} ${connection.id}`;
}
