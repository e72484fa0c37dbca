import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { rememberingCheckpoints, signCheckpoint } from './checkpoint.js';
import { logSigner } from './signer.js';

describe('checkpoints that are remembered', () => {
  const [key, other] = [
    logSigner(generateKeyPairSync('ed25519').privateKey),
    logSigner(generateKeyPairSync('ed25519').privateKey),
  ];
  const checkpoint = { origin: 'ledger.example.org/a', size: 7, root: new Uint8Array(32) };
  const note = signCheckpoint(checkpoint, key);

  it('are those that were signed well, and are not read again', () => {
    const open = rememberingCheckpoints();
    const first = open(note, [key.publicKey]);
    expect(first).toMatchObject({ origin: checkpoint.origin, size: 7 });
    expect(open(note, [key.publicKey])).toBe(first);
  });

  it('serve for the keys alone that they were opened with, and for no other text', () => {
    const open = rememberingCheckpoints();
    open(note, [key.publicKey]);
    expect(open(note, [other.publicKey])).toBeUndefined();
    expect(open(note, [])).toBeUndefined();
    expect(open(note.replace('\n7\n', '\n8\n'), [key.publicKey])).toBeUndefined();
  });

  it('are never so many that memory grows with them', () => {
    const open = rememberingCheckpoints();
    const first = open(note, [key.publicKey]);
    for (let size = 8; size < 80; size += 1) open(signCheckpoint({ ...checkpoint, size }, key), [key.publicKey]);
    expect(open(note, [key.publicKey])).not.toBe(first);
    expect(open(note, [key.publicKey])).toEqual(first);
  });
});
