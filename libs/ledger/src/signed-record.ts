import { batchProofBytes, parseBatchProof, signedByBatch } from './batch-signature.js';
import { textToBase64Url, toBase64Url } from './bytes.js';
import { jwsHeader, parseCompact, parseJws } from './jws.js';
import type { WriterSigner } from './signer.js';

/**
 * A leaf, taken apart. Version 1 has a signature of its own (a JWS); version 2 shares one with the other records of its batch
 * and has a proof that it is among them.
 */
export interface SignedRecord {
  readonly version: 1 | 2;
  readonly keyId: string;
  readonly payload: Uint8Array;
  /** Ed25519, 64 bytes: that of the record, or that of its batch. */
  readonly signature: Uint8Array;
  /** What the signature is over. Version 2 has to be hashed for it. */
  signedBytes(): Uint8Array;
}

const batchType = 'writ-record+batch';
/** The proof in base64url without padding. */
const proofUnits = Math.ceil((batchProofBytes * 4) / 3);
const dot = 0x2e;

/** Undefined unless the bytes are exactly what a writer makes, in either version. Whether the signature holds is still to be seen. */
export function parseRecord(leaf: Uint8Array): SignedRecord | undefined {
  return parseOfBatch(leaf) ?? parseAlone(leaf);
}

function parseAlone(leaf: Uint8Array): SignedRecord | undefined {
  const jws = parseJws(leaf, 'writ-record+jws');
  return jws && { ...jws, version: 1, signedBytes: () => jws.signedPart };
}

function parseOfBatch(leaf: Uint8Array): SignedRecord | undefined {
  if (leaf[leaf.length - proofUnits - 1] !== dot) return undefined;
  const parts = parseCompact(leaf, batchType, proofUnits);
  const proof = parts && parseBatchProof(parts.tail);
  if (!proof) return undefined;
  const { keyId, payload, signedPart } = parts;
  return {
    version: 2,
    keyId,
    payload,
    signature: proof.signature,
    signedBytes: () => signedByBatch(signedPart, proof),
  };
}

/** What a writer states: header and payload as in a JWS, with room behind for the dot and the proof. */
export interface Statement {
  readonly leaf: Buffer;
  readonly signedPart: Uint8Array;
}

export function statementOf(writer: WriterSigner, payload: string): Statement {
  const header = headerOf(writer);
  const text = textToBase64Url(payload);
  const length = header.length + 1 + text.length;
  const leaf = Buffer.allocUnsafe(length + 1 + proofUnits);
  leaf.write(header, 0, 'latin1');
  leaf[header.length] = dot;
  leaf.write(text, header.length + 1, 'latin1');
  leaf[length] = dot;
  return { leaf, signedPart: leaf.subarray(0, length) };
}

/** The whole leaf; its bytes never change again. */
export function withProof({ leaf, signedPart }: Statement, proof: Uint8Array): Uint8Array {
  leaf.write(toBase64Url(proof), signedPart.length + 1, 'latin1');
  return leaf;
}

const headers = new WeakMap<WriterSigner, string>();

function headerOf(writer: WriterSigner): string {
  const held = headers.get(writer);
  if (held !== undefined) return held;
  const header = jwsHeader(writer.keyId, batchType);
  headers.set(writer, header);
  return header;
}
