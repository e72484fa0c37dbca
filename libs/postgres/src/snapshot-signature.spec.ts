import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { snapshotSigner, snapshotVerifier } from './snapshot-signature.js';

const current = generateKeyPairSync('ed25519');
const next = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');

const body = '{"tenant":"t","version":1}';

describe('the signature of a snapshot', () => {
  const signature = snapshotSigner(current.privateKey).sign(body);
  const verifier = snapshotVerifier([current.publicKey, next.publicKey]);

  it('is good for exactly the bytes that were signed', () => {
    expect(verifier.verify(body, signature)).toBe(true);
    expect(verifier.verify(`${body} `, signature)).toBe(false);
    expect(verifier.verify(body.replace('1', '2'), signature)).toBe(false);
  });

  it('is good under either key while one replaces the other, and under no third', () => {
    expect(verifier.verify(body, snapshotSigner(next.privateKey).sign(body))).toBe(true);
    expect(verifier.verify(body, snapshotSigner(stranger.privateKey).sign(body))).toBe(false);
  });

  it('takes its algorithm from the key, whatever a header asks for', () => {
    const [, , value] = signature.split('.');
    const none = Buffer.from('{"alg":"none","typ":"writ-snapshot+jws"}').toString('base64url');
    for (const forged of [`${none}..`, `${none}..${value}`, `..${value}`, '', 'a', 'a.b.c', `${signature}.x`]) {
      expect(verifier.verify(body, forged)).toBe(false);
    }
  });

  it('carries no body of its own that could differ from the one beside it', () => {
    const [header, , value] = signature.split('.');
    const inner = Buffer.from('{"tenant":"other"}').toString('base64url');
    expect(verifier.verify(body, `${header}.${inner}.${value}`)).toBe(false);
  });

  it('is made with an Ed25519 key and no other', () => {
    expect(() => snapshotSigner(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey)).toThrow('Ed25519');
  });
});
