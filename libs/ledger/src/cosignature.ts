import { concat, sameBytes, utf8 } from './bytes.js';
import { type SignedNote, cosignatureAlgorithm, noteKeyId, signatureLine, verifyEd25519 } from './note.js';
import type { LogSigner } from './signer.js';

/** A witness as its users know it. The name is part of the key's id. */
export interface Witness {
  readonly name: string;
  /** Raw Ed25519 public key. */
  readonly publicKey: Uint8Array;
}

export interface Cosignature {
  readonly name: string;
  /** When the witness had seen no larger tree, seconds since the epoch. */
  readonly seconds: number;
}

/** C2SP tlog-cosignature, `cosignature/v1` (0x04): what and when, in one message. */
function message(body: string, seconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${body}`);
}

/** The signature line that a witness answers with. */
export function cosign(body: string, name: string, key: LogSigner, seconds: number): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const id = noteKeyId(name, key.publicKey, cosignatureAlgorithm);
  return signatureLine(name, id, concat([time, key.sign(message(body, seconds))]));
}

/** The valid cosignatures of a note by the given witnesses, one each at most; lines of strangers are ignored. */
export function cosignaturesOf(note: SignedNote, witnesses: readonly Witness[]): readonly Cosignature[] {
  return witnesses.flatMap(({ name, publicKey }) => {
    const id = noteKeyId(name, publicKey, cosignatureAlgorithm);
    for (const line of note.signatures) {
      if (line.name !== name || !sameBytes(line.keyId, id) || line.signature.length !== 72) continue;
      const blob = Buffer.from(line.signature);
      const seconds = Number(blob.readBigUInt64BE(0));
      if (!Number.isSafeInteger(seconds)) continue;
      if (verifyEd25519(publicKey, message(note.text, seconds), blob.subarray(8))) return [{ name, seconds }];
    }
    return [];
  });
}
