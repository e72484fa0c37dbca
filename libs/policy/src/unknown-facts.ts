import { type DecodedLeaf, decodeLeaves } from './decode-leaf.js';
import type { Explanation } from './explanation.js';
import type { Facts } from './facts.js';
import { readFast } from './fact-readers.js';
import type { ImageReader } from './image-reader.js';
import { answerIfUnknown } from './program.js';
import { type View, absent } from './read-fact.js';
import type { Told } from './told.js';

/** The facts that the rules read and that the request did not have, and how each counted. */
export function unknownIn(told: readonly Told[]): Explanation['unknown'] {
  const found = new Map<string, Explanation['unknown'][number]>();
  for (const { reader, view, answer } of told) {
    for (const { leaf, path, treatedAs } of probesOf(reader)) {
      if (answer(leaf) !== undefined || isAbsent(leaf, view)) continue;
      found.set(`${path} ${treatedAs}`, { path, cause: causeFor(path, view.facts), treatedAs });
    }
  }
  return [...found.values()];
}

/** One condition for each fact that the rules read, and for each way in which it counts while it is unknown. */
interface Probe {
  readonly leaf: DecodedLeaf['leaf'];
  readonly path: string;
  readonly treatedAs: string;
}

const probes = new WeakMap<ImageReader, readonly Probe[]>();

function probesOf(reader: ImageReader): readonly Probe[] {
  const known = probes.get(reader);
  if (known !== undefined) return known;
  const found = new Map<string, Probe>();
  for (let rule = 0; rule < reader.rules; rule += 1) {
    const treatedAs = answerIfUnknown(reader.effect(rule)) ? 'holds, against the request' : 'does not hold';
    for (const { leaf } of decodeLeaves(reader, rule)) {
      const path = pathOf(leaf);
      const key = `${leaf.kind} ${path} ${treatedAs}`;
      if (!found.has(key)) found.set(key, { leaf, path, treatedAs });
    }
  }
  const listed = [...found.values()];
  probes.set(reader, listed);
  return listed;
}

function pathOf(leaf: DecodedLeaf['leaf']): string {
  if (leaf.kind === 'class') return `class(${leaf.name})`;
  return leaf.kind === 'pair' ? `${leaf.left}, ${leaf.right}` : leaf.path;
}

/** What good facts do not have is guarded by `has()` and no failure of a source. */
function isAbsent(leaf: DecodedLeaf['leaf'], view: View): boolean {
  return leaf.kind !== 'class' && leaf.kind !== 'pair' && readFast(view, leaf.path) === absent;
}

function causeFor(path: string, facts: Facts): string {
  if ((path.startsWith('class(') || path.startsWith('data.')) && facts.data === undefined)
    return 'classification incomplete';
  if (path.startsWith('budget.') && facts.budget === undefined) return 'the budget could not be read in time';
  return path.startsWith('ext.') ? 'the source did not answer in time' : 'not of the kind that the rule needs';
}
