import { bundleOf, exampleLog, planOf, root, sourceOf } from '../bundle/log.fixtures.js';
import type { StoredLeaf } from '../ledger.js';
import { hashLeaf } from '../merkle.js';
import { type Files, changed, filesOf, forge } from './forge.fixtures.js';
import { SecondVerifier } from './second-verifier.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

/** Random numbers that a seed repeats (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Mutation = (
  bundle: Buffer,
  files: Files,
  random: (below: number) => number,
  leaves: readonly StoredLeaf[],
) => Buffer | Promise<Buffer>;

/** What the operator can do who holds the log key too: any tree over leaves that the writers signed. */
const rebuilt = (leaves: readonly StoredLeaf[]) => bundleOf(planOf(leaves), leaves);

/** The exporter may write what it likes into the bundle's own README; everything else is evidence. */
const evidence = (files: Files) =>
  [...files.keys()].filter((name) => name !== 'README.txt' && !name.startsWith('manifest.'));

function flipBit(bytes: Buffer, random: (below: number) => number): void {
  if (bytes.length === 0) return;
  const at = random(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random(8));
}

function swapPieces(bytes: Buffer, random: (below: number) => number): void {
  const length = 1 + random(Math.max(1, bytes.length / 4));
  const one = random(Math.max(1, bytes.length - length));
  const other = random(Math.max(1, bytes.length - length));
  const piece = Buffer.from(bytes.subarray(one, one + length));
  bytes.copyWithin(one, other, other + length);
  piece.copy(bytes, other);
}

const mutations: Readonly<Record<string, Mutation>> = {
  'a bit of the tar': (bundle, _files, random) => {
    const copy = Buffer.from(bundle);
    flipBit(copy, random);
    return copy;
  },
  'a piece of the tar cut out': (bundle, _files, random) => {
    const from = random(bundle.length);
    const to = Math.min(bundle.length, from + 1 + random(2_048));
    return Buffer.concat([bundle.subarray(0, from), bundle.subarray(to)]);
  },
  'a piece of the tar twice': (bundle, _files, random) => {
    const from = random(bundle.length);
    const to = Math.min(bundle.length, from + 1 + random(2_048));
    return Buffer.concat([bundle.subarray(0, to), bundle.subarray(from)]);
  },
  'two pieces of the tar swapped': (bundle, _files, random) => {
    const copy = Buffer.from(bundle);
    swapPieces(copy, random);
    return copy;
  },
  'a bit of a file, listed anew': (_bundle, files, random) => {
    const names = evidence(files);
    const name = names[random(names.length)] as string;
    return forge(
      new Map(files).set(
        name,
        changed(files.get(name), (bytes) => flipBit(bytes, random)),
      ),
    );
  },
  'two pieces of a file swapped, listed anew': (_bundle, files, random) => {
    const names = evidence(files);
    const name = names[random(names.length)] as string;
    return forge(
      new Map(files).set(
        name,
        changed(files.get(name), (bytes) => swapPieces(bytes, random)),
      ),
    );
  },
  'a file gone, listed anew': (_bundle, files, random) => {
    // An exporter may leave sealed content out; the leaf still names it.
    const names = evidence(files).filter((name) => !/^(log\/tile\/)?sealed\//.test(name));
    const copy = new Map(files);
    copy.delete(names[random(names.length)] as string);
    return forge(copy);
  },
  'two files exchanged, listed anew': (_bundle, files, random) => {
    const names = evidence(files);
    const one = names[random(names.length)] as string;
    const other = names[random(names.length)] as string;
    const [first, second] = [files.get(one) as Uint8Array, files.get(other) as Uint8Array];
    return forge(new Map(files).set(one, second).set(other, first));
  },
  'a record dropped, the tree rebuilt': (_bundle, _files, random, leaves) =>
    rebuilt(leaves.toSpliced(random(leaves.length - 1), 1)),
  'a record moved, the tree rebuilt': (_bundle, _files, random, leaves) => {
    const from = random(leaves.length);
    const moved = leaves[from] as StoredLeaf;
    return rebuilt(leaves.toSpliced(from, 1).toSpliced(random(leaves.length), 0, moved));
  },
  'a record twice, the tree rebuilt': (_bundle, _files, random, leaves) =>
    rebuilt(leaves.toSpliced(random(leaves.length + 1), 0, leaves[random(leaves.length)] as StoredLeaf)),
  'a bit of a record, the tree rebuilt': (_bundle, _files, random, leaves) => {
    const at = random(leaves.length);
    const old = leaves[at] as StoredLeaf;
    const leaf = changed(old.leaf, (bytes) => flipBit(bytes, random));
    return rebuilt(leaves.with(at, { ...old, leaf, leafHash: hashLeaf(leaf) }));
  },
  'a number of the manifest, signed anew': (_bundle, files, random) =>
    forge(files, (manifest) => {
      const name = (['from', 'to', 'size', 'created'] as const)[random(4)] as string;
      const value = [0, 1, 255, 256, 2 ** 31, 2 ** 53 - 1][random(6)] as number;
      return { ...manifest, [name]: value };
    }),
};

export interface MutationTally {
  readonly tried: number;
  readonly unchanged: number;
  readonly falseAccepts: readonly string[];
  readonly disagreements: readonly string[];
  readonly byExit: Readonly<Record<string, number>>;
}

/** Mutates one small bundle at random and has both verifiers judge. A bundle that came out unchanged does not count. */
export async function mutateBundles(count: number, seed: number): Promise<MutationTally> {
  const random = randomFrom(seed);
  const { leaves } = await exampleLog(4);
  const bundle = await bundleOf(planOf(leaves), leaves);
  const files = filesOf(bundle);
  const second = new SecondVerifier();
  const tally = {
    tried: 0,
    unchanged: 0,
    falseAccepts: [] as string[],
    disagreements: [] as string[],
    byExit: {} as Record<string, number>,
  };
  const names = Object.keys(mutations);
  for (let n = 0; n < count; n += 1) {
    const name = names[random(names.length)] as string;
    // oxlint-disable-next-line no-await-in-loop -- one bundle after the other keeps memory flat
    const mutant = await (mutations[name] as Mutation)(bundle, files, random, leaves);
    if (mutant.equals(bundle)) {
      tally.unchanged += 1;
      continue;
    }
    tally.tried += 1;
    // oxlint-disable-next-line no-await-in-loop -- one bundle after the other keeps memory flat
    const { exit } = await verifyBundle(sourceOf(mutant), { root: root.publicKey });
    // oxlint-disable-next-line no-await-in-loop -- one bundle after the other keeps memory flat
    const other = await second.verify(mutant);
    tally.byExit[exit] = (tally.byExit[exit] ?? 0) + 1;
    const where = `seed ${seed}, number ${n}: ${name}: ${exit} and ${other}`;
    if (exit === 0 || other === '0') tally.falseAccepts.push(where);
    if (String(exit) !== other) tally.disagreements.push(where);
  }
  await second.close();
  return tally;
}
