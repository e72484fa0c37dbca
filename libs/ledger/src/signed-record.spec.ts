import { describe, expect, it } from '@jest/globals';
import { signBatch } from './batch-signature.js';
import { keyFrom, writer } from './bundle/log.fixtures.js';
import { jwsHeader, signJws } from './jws.js';
import { verifyEd25519 } from './note.js';
import { type SignedRecord, parseRecord, statementOf, withProof } from './signed-record.js';
import { rawPublicKey } from './signer.js';

const publicKey = rawPublicKey(keyFrom('gw-1'));
const sign = (bytes: Uint8Array): Uint8Array => writer.sign(bytes);
const holds = (record: SignedRecord | undefined): boolean =>
  record !== undefined && verifyEd25519(publicKey, record.signedBytes(), record.signature);

function ofBatch(payload: string): Uint8Array {
  const statement = statementOf(writer, payload);
  const [proof] = signBatch([statement.signedPart], sign, (length) => new Uint8Array(length));
  return withProof(statement, proof ?? new Uint8Array());
}

describe('a signed record', () => {
  it('is read with its payload and version, whichever it is', () => {
    const alone = parseRecord(signJws(jwsHeader(writer.keyId, 'writ-record+jws'), '{}', sign));
    const batch = parseRecord(ofBatch('{}'));
    for (const record of [alone, batch]) expect(Buffer.from(record?.payload ?? []).toString('utf8')).toBe('{}');
    expect([alone?.version, batch?.version, holds(alone), holds(batch)]).toEqual([1, 2, true, true]);
  });

  it('is not mistaken by where a dot happens to stand', () => {
    // 192 bytes of payload and a signature are as long as a proof.
    for (let length = 180; length < 200; length += 1) {
      const record = parseRecord(signJws(jwsHeader(writer.keyId, 'writ-record+jws'), 'x'.repeat(length), sign));
      expect([length, record?.version, holds(record)]).toEqual([length, 1, true]);
    }
  });

  it('is not read with a byte more or less, or with the header of the other version', () => {
    const text = Buffer.from(ofBatch('{}')).toString('latin1');
    const header = jwsHeader(writer.keyId, 'writ-record+jws');
    const spoiled = [
      text.slice(1),
      text.slice(0, -1),
      `${text}A`,
      text.replace(/^[^.]+/, header),
      text.replace('.', ''),
    ];
    for (const leaf of spoiled) expect(parseRecord(Buffer.from(leaf, 'latin1'))).toBeUndefined();
  });
});
