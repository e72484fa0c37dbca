import { fromBase64, sameBytes, toHex } from '../bytes.js';
import { hashLeaf, rootFromInclusion } from '../merkle.js';
import type { Archive } from './archive.js';
import { type Finding, Unreadable, exitCodes } from './findings.js';
import { type Place, type VerifiedRecord, verifyRecord } from './record.js';
import type { TreeRange } from './tree.js';

/** A record that stands alone in the bundle, with a C2SP tlog-proof under the bundle's own checkpoint. */
export function* citedRecords(archive: Archive, range: TreeRange, place: Place): Generator<VerifiedRecord | Finding> {
  for (const { name } of archive.files()) {
    const indexText = /^records\/(0|[1-9][0-9]{0,14})\.jws$/.exec(name)?.[1];
    if (indexText === undefined) continue;
    const index = Number(indexText);
    const leaf = archive.get(name);
    const proof = archive.find(`proofs/${index}.tlog-proof`);
    if (!proof) throw new Unreadable(exitCodes.format, `${name} has no proof`);
    const leafHash = hashLeaf(leaf);
    const siblings = siblingsOf(proof, index, range.note);
    const root = siblings && rootFromInclusion(index, range.checkpoint.size, leafHash, siblings);
    if (!root || !sameBytes(root, range.checkpoint.root)) {
      yield { code: exitCodes.root, index, what: 'its proof does not lead from the record to the checkpoint' };
      continue;
    }
    yield verifyRecord(leaf, index, toHex(leafHash), place);
  }
}

/** The proof's hashes, when it is for this index and ends with exactly this checkpoint. */
function siblingsOf(proof: Uint8Array, index: number, note: string): readonly Uint8Array[] | undefined {
  const text = Buffer.from(proof).toString('utf8');
  const head = `c2sp.org/tlog-proof@v1\nindex ${index}\n`;
  if (!text.startsWith(head) || !text.endsWith(`\n${note}`) || text.length < head.length + note.length + 1)
    return undefined;
  const lines = text.slice(head.length, text.length - note.length - 1);
  if (lines === '') return [];
  if (!lines.endsWith('\n')) return undefined;
  const hashes = lines.slice(0, -1).split('\n').map(fromBase64);
  return hashes.every((hash) => hash?.length === 32) ? (hashes as Uint8Array[]) : undefined;
}
