import { tilePath, tileWidth } from '../tiles.js';
import { parseWitnessPolicy } from '../witness-policy.js';
import type { Archive } from './archive.js';
import { Unreadable, exitCodes } from './findings.js';
import type { TreeRange } from './tree.js';

const alone: ReadonlySet<string> = new Set([
  'README.txt',
  'trust/keyset.jws',
  'trust/policy',
  'log/checkpoint',
  'log/range.json',
  'gaps.json',
  'manifest.json',
  'manifest.jws',
]);

/** Files that stand for one index, one epoch or one writer, each with the file that it belongs to; '' where it needs none. */
const kinds: readonly (readonly [name: RegExp, belongsTo: (number: string) => string])[] = [
  [/^writers\/(.+)\.jws$/, () => ''],
  [/^sealed\/(0|[1-9][0-9]{0,14})\.bin$/, () => ''],
  [/^open\/(0|[1-9][0-9]{0,14})\.json$/, () => ''],
  [/^records\/(0|[1-9][0-9]{0,14})\.jws$/, (index) => `proofs/${index}.tlog-proof`],
  [/^proofs\/(0|[1-9][0-9]{0,14})\.tlog-proof$/, (index) => `records/${index}.jws`],
  [/^epochs\/(0|[1-9][0-9]{0,14})\.note$/, (epoch) => `epochs/${epoch}.head-proof`],
  [/^epochs\/(0|[1-9][0-9]{0,14})\.(?:head-proof|tsr)$/, (epoch) => `epochs/${epoch}.note`],
];

/**
 * Every file of the bundle has a meaning: one that nobody would check could be taken for evidence. Throws for the first that
 * has none, for one without the file that it belongs to, and for a witness policy that is none.
 */
export function expectKnownFiles(archive: Archive, range: TreeRange): void {
  const tiles = tilesOf(range);
  for (const { name } of archive.files()) {
    if (alone.has(name) || tiles.has(name)) continue;
    const kind = kinds.find(([pattern]) => pattern.test(name));
    if (!kind) throw new Unreadable(exitCodes.format, `the file ${name} has no meaning in this bundle`);
    const other = kind[1](kind[0].exec(name)?.[1] ?? '');
    if (other !== '' && !archive.has(other)) {
      throw new Unreadable(exitCodes.format, `the bundle holds ${name}, and no ${other}`);
    }
  }
  const policy = archive.find('trust/policy');
  if (policy && !parseWitnessPolicy(Buffer.from(policy).toString('latin1'))) {
    throw new Unreadable(exitCodes.format, 'trust/policy is not a C2SP tlog-policy');
  }
}

function tilesOf({ from, to }: TreeRange): ReadonlySet<string> {
  const names = new Set<string>();
  for (let first = from; first < to; first += tileWidth) {
    const path = tilePath(first / tileWidth, Math.min(tileWidth, to - first));
    for (const folder of ['0', 'entries', 'sealed']) names.add(`log/tile/${folder}/${path}`);
  }
  return names;
}
