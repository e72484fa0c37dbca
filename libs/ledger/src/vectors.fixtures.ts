import type { JsonValue } from '@writ/domain';
import { bundleOf, exampleLog, keyFrom, logKey, origin, planOf, root, writer } from './bundle/log.fixtures.js';
import { signBatch } from './batch-signature.js';
import { concat, sha256, toBase64, toBase64Url, toHex, utf8 } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { signCheckpoint } from './checkpoint.js';
import type { StoredLeaf } from './ledger.js';
import { consistencyProof, hashLeaf, inclusionProof, rootOf } from './merkle.js';
import { verifierKey } from './note.js';
import { commitTo, saltOf } from './sealing.js';
import { parseRecord, statementOf, withProof } from './signed-record.js';
import { rawPublicKey } from './signer.js';
import { type Files, changed, filesOf, forge } from './verify/forge.fixtures.js';

/**
 * Vectors for whoever writes a third verifier. Everything follows from fixed keys and counters, so that the files can be
 * made again and compared; `write-vectors.js` writes them, a test compares them.
 */
export async function makeVectors(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const put = (name: string, value: unknown) => files.set(name, utf8(`${JSON.stringify(value, null, 2)}\n`));
  put('keys.json', {
    root: toHex(root.publicKey),
    log: toHex(logKey.publicKey),
    writer: toHex(rawPublicKey(keyFrom('gw-1'))),
    logVerifierKey: verifierKey(origin, logKey.publicKey),
  });
  put('canonical-json.json', canonicalVectors());
  put('commitments.json', commitmentVectors());
  put('merkle.json', merkleVectors());
  put('checkpoint.json', checkpointVectors());
  put('record.json', recordVectors());
  const bundles = await bundleVectors();
  for (const [name, { bytes }] of Object.entries(bundles)) files.set(`bundles/${name}.tar`, bytes);
  put('bundles.json', Object.fromEntries(Object.entries(bundles).map(([name, { exit }]) => [name, exit])));
  return files;
}

function canonicalVectors() {
  const values: readonly JsonValue[] = [
    {},
    [],
    { b: 1, a: [true, false, null] },
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 },
    { text: '\u20ac$\u000f\nA\'B"\\\\"/\u007f\u2028' },
    { most: 2 ** 53 - 1, least: -(2 ** 53 - 1), zero: 0 },
  ];
  const refused = [
    '{"a":1,"a":1}',
    '{"b":1,"a":2}',
    '{"a":1.0}',
    '{"a":-0}',
    '{"a":1e2}',
    '{"a":9007199254740992}',
    '{"a":"\\ud800"}',
    '{"a":"\\u0000"}',
    '{"a":"\\u0041"}',
    '{ "a":1}',
    '{"a":1}\n',
    '{"a":NaN}',
    '[1,]',
    '\ufeff{}',
    `${'['.repeat(65)}${']'.repeat(65)}`,
  ];
  return { accepted: values.map((value) => canonicalJson(value)), refused };
}

function commitmentVectors() {
  const seed = hashLeaf(utf8('seed'));
  return ['sub', 'prompt', 'act.1'].map((field, n) => {
    const value = ['alice@example.com', 'caf\u00e9 \u{1f600}', ''][n] as string;
    const salt = saltOf(seed, field);
    return {
      seed: toHex(seed),
      field,
      value,
      salt: toHex(salt),
      commitment: toBase64Url(commitTo(field, value, salt)),
    };
  });
}

function merkleVectors() {
  const leaves = Array.from({ length: 11 }, (_, n) => `leaf ${n}`);
  const hashes = leaves.map((leaf) => hashLeaf(utf8(leaf)));
  return {
    leaves,
    leafHashes: hashes.map(toHex),
    roots: Array.from({ length: 12 }, (_, size) => toHex(rootOf(hashes.slice(0, size)))),
    inclusion: [0, 3, 7, 8, 10].map((index) => ({ index, size: 11, proof: inclusionProof(index, hashes).map(toHex) })),
    consistency: [1, 4, 6, 8, 10].map((first) => ({
      first,
      second: 11,
      proof: consistencyProof(first, hashes).map(toHex),
    })),
  };
}

function checkpointVectors() {
  const treeRoot = rootOf([hashLeaf(utf8('leaf 0'))]);
  const note = signCheckpoint({ origin, size: 1, root: treeRoot }, logKey);
  return { origin, size: 1, root: toBase64(treeRoot), note };
}

function recordVectors() {
  const payloads = ['\u20ac', 'second', 'third'].map((text) => canonicalJson({ _t: 'writ.event/2', text }));
  const statements = payloads.map((payload) => statementOf(writer, payload));
  let drawn = 0;
  const random = (length: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => sha256(utf8(`filler ${(drawn += 1)}`)));
    return concat(blocks).subarray(0, length);
  };
  const proofs = signBatch(
    statements.map(({ signedPart }) => signedPart),
    (bytes) => writer.sign(bytes),
    random,
  );
  return payloads.map((payload, at) => {
    const leaf = withProof(statements[at] as (typeof statements)[0], proofs[at] as Uint8Array);
    const signed = parseRecord(leaf)?.signedBytes() ?? new Uint8Array();
    return {
      payload,
      leaf: Buffer.from(leaf).toString('latin1'),
      leafHash: toHex(hashLeaf(leaf)),
      signed: Buffer.from(signed).toString('latin1'),
    };
  });
}

/**
 * Small bundles and the exit code that each must give with the root key of `keys.json`. Those of version 1 of the record
 * (`bundles-v1`, `record-v1.json`) are kept as they were made: they must verify for ever.
 */
async function bundleVectors(): Promise<Record<string, { readonly bytes: Uint8Array; readonly exit: number }>> {
  const { leaves } = await exampleLog(2);
  const honest = await bundleOf(planOf(leaves), leaves);
  const name = `log/tile/entries/000.p/${leaves.length}`;
  const leaf = leaves[2]?.leaf ?? new Uint8Array();
  const edited = filesOf(honest);
  edited.set(
    name,
    changed(edited.get(name), (bytes) => bytes.writeUInt8(0x41, bytes.indexOf(leaf) + 150)),
  );
  const dropped = leaves.filter((_, index) => index !== 1);
  const gone = leaves.map(({ leaf: bytes, leafHash }, index) =>
    index === 2 ? { leafHash } : { leaf: bytes, leafHash },
  );
  const open = leaves.slice(0, -1);
  const readme = filesOf(honest);
  const swapped = Buffer.from(honest);
  swapped.write('X', 512, 'latin1');
  const disclosed = leaves.map((row, index) => (index === 0 ? { ...row, open: opened(row.leaf) } : row));
  return {
    honest: { bytes: honest, exit: 0 },
    'disclosed-wrongly': { bytes: await bundleOf(planOf(leaves), disclosed), exit: 15 },
    'record-edited': { bytes: forge(edited), exit: 15 },
    'record-missing': { bytes: await bundleOf(planOf(leaves), gone), exit: 12 },
    'record-dropped-and-tree-rebuilt': { bytes: await bundleOf(planOf(dropped), dropped), exit: 16 },
    'decision-never-closed': { bytes: await bundleOf(planOf(open), open), exit: 17 },
    'sealed-one-by-one': { bytes: forge(oneByOne(filesOf(honest), leaves)), exit: 0 },
    'sealed-of-another-record': { bytes: await bundleOf(planOf(leaves), shifted(leaves)), exit: 15 },
    'readme-edited': { bytes: swapped, exit: 20 },
    'tile-missing': {
      bytes: forge(new Map([...readme].filter(([file]) => !file.startsWith('log/tile/0/')))),
      exit: 20,
    },
  };
}

/** Sealed content record by record, as bundles had it before tiles held it, and as large content still stands. */
function oneByOne(files: Files, leaves: readonly StoredLeaf[]): Files {
  const kept = [...files].filter(([name]) => !name.startsWith('log/tile/sealed/'));
  const sealed = leaves.flatMap((leaf, index) => (leaf.sealed ? [[`sealed/${index}.bin`, leaf.sealed] as const] : []));
  return new Map([...kept, ...sealed]);
}

function shifted(leaves: readonly StoredLeaf[]): readonly StoredLeaf[] {
  const [first, second] = leaves.filter(({ sealed }) => sealed !== undefined);
  return leaves.map((leaf) => (leaf === first && second?.sealed ? { ...leaf, sealed: second.sealed } : leaf));
}

function opened(leaf: Uint8Array) {
  const payload = JSON.parse(Buffer.from(parseRecord(leaf)?.payload ?? []).toString('utf8')) as {
    readonly k: Readonly<Record<string, string>>;
  };
  const [field = 'sub'] = Object.keys(payload.k);
  return { [field]: { value: 'someone else', salt: toBase64Url(new Uint8Array(32)) } };
}
