import { type KeyObject, createHash, createPublicKey, sign, verify } from 'node:crypto';

/** Signs the exact bytes of a published snapshot, so that whoever can only write the database cannot configure a gateway. */
export interface SnapshotSigner {
  sign(body: string): string;
}

export interface SnapshotVerifier {
  verify(body: string, signature: string): boolean;
}

/** Detached JWS (RFC 7515, appendix F) with Ed25519 (RFC 9864): the body lies beside it, once. */
export function snapshotSigner(privateKey: KeyObject): SnapshotSigner {
  const header = headerOf(createPublicKey(privateKey));
  return {
    sign: (body) => `${header}..${sign(null, signedBytes(header, body), privateKey).toString('base64url')}`,
  };
}

/** Several keys, while one replaces another. The algorithm is the key's own, never what a header asks for. */
export function snapshotVerifier(publicKeys: readonly KeyObject[]): SnapshotVerifier {
  const keys = new Map(publicKeys.map((key) => [headerOf(key), key]));
  return {
    verify(body, signature) {
      const [header, payload, value, ...more] = signature.split('.');
      const key = keys.get(header ?? '');
      if (header === undefined || key === undefined || payload !== '' || value === undefined || more.length > 0)
        return false;
      return verify(null, signedBytes(header, body), key, Buffer.from(value, 'base64url'));
    },
  };
}

function headerOf(publicKey: KeyObject): string {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error('snapshots are signed with an Ed25519 key');
  const kid = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
  const header = JSON.stringify({ alg: 'Ed25519', kid, typ: 'writ-snapshot+jws' });
  return Buffer.from(header).toString('base64url');
}

function signedBytes(header: string, body: string): Buffer {
  return Buffer.from(`${header}.${Buffer.from(body, 'utf8').toString('base64url')}`);
}
