import { toBase64, utf8 } from '../bytes.js';
import { canonicalJson } from '../canonical-json.js';
import type { Disclosure } from './disclose.js';

/** C2SP tlog-proof: proves one leaf by itself, for ever, under the checkpoint that it carries. */
export function tlogProof(index: number, proof: readonly Uint8Array[], checkpoint: string): Uint8Array {
  const hashes = proof.map((hash) => `${toBase64(hash)}\n`).join('');
  return utf8(`c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes}\n${checkpoint}`);
}

/** One record that stands alone in a bundle: a selection by subject or route, or the order behind a gap. */
export interface CitedRecord {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** Inclusion proof in the tree that the bundle's checkpoint signs. */
  readonly proof: readonly Uint8Array[];
  /** Ciphertext, when the requester may hold it. */
  readonly sealed?: Uint8Array | undefined;
  /** Values and salts that are disclosed. */
  readonly open?: Disclosure | undefined;
}

/** The attachments that carry cited records. A selection proves inclusion, and says so; it never proves completeness. */
export function citedFiles(records: readonly CitedRecord[], checkpoint: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    records.flatMap(({ index, leaf, proof, sealed, open }) => [
      [`records/${index}.jws`, leaf] as const,
      [`proofs/${index}.tlog-proof`, tlogProof(index, proof, checkpoint)] as const,
      ...(sealed ? [[`sealed/${index}.bin`, sealed] as const] : []),
      ...(open ? [[`open/${index}.json`, utf8(canonicalJson({ ...open }))] as const] : []),
    ]),
  );
}
