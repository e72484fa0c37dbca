import type { JWK } from 'jose';

/** RFC 8725: asymmetric signatures only. HS* and `none` are not in any list, so no connection can let them in. */
const algorithms: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
};

export const signatureAlgorithms: readonly string[] = Object.keys(algorithms);

const smallestRsaBytes = 256;

export function isSignatureAlgorithm(name: unknown): name is string {
  return typeof name === 'string' && Object.hasOwn(algorithms, name);
}

/** True when the key may verify this algorithm: type, curve, size, and everything the key says about its own use. */
export function keyFits(key: JWK, algorithm: string): boolean {
  const needs = algorithms[algorithm];
  if (!needs || key.kty !== needs.kty || (needs.crv !== undefined && key.crv !== needs.crv)) return false;
  if (key.alg !== undefined && key.alg !== algorithm) return false;
  if (key.use !== undefined && key.use !== 'sig' && key.use !== 'jwt-svid') return false;
  if (key.key_ops !== undefined && !key.key_ops.includes('verify')) return false;
  return key.kty !== 'RSA' || rsaBytes(key) >= smallestRsaBytes;
}

/** A key that holds no secret, of a type that signs. */
export function isPublicKey(key: JWK): boolean {
  return (key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP') && !('d' in key) && !('k' in key);
}

/** Counted once for a key of a set, which is asked for with every token. */
const moduli = new WeakMap<JWK, number>();

function rsaBytes(key: JWK): number {
  let bytes = moduli.get(key);
  if (bytes === undefined) {
    bytes = typeof key.n === 'string' ? Buffer.from(key.n, 'base64url').length : 0;
    moduli.set(key, bytes);
  }
  return bytes;
}
