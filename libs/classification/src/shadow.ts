import type { Leaf } from '@writ/domain';
import { classify, type ClassifyOptions } from './classify.js';
import type { Taxonomy } from './taxonomy/taxonomy.js';

export interface ShadowDifference {
  /** Findings that only the candidate has, or only the active one, by class, type and place; never values. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly classesRaised: readonly string[];
  readonly classesLowered: readonly string[];
}

/** Runs a candidate bundle beside the active one and tells what would change. It decides nothing. */
export function compareTaxonomies(
  leaves: readonly Leaf[],
  active: Taxonomy,
  candidate: Taxonomy,
  options: ClassifyOptions,
): ShadowDifference {
  const [now, then] = [classify(leaves, active, options), classify(leaves, candidate, options)];
  const places = (found: typeof now): ReadonlySet<string> =>
    new Set(found.findings.map((each) => `${each.class} ${each.type} ${each.path} ${each.start}-${each.end}`));
  const [before, after] = [places(now), places(then)];
  const names = [...new Set([...Object.keys(now.classes), ...Object.keys(then.classes)])].toSorted();
  const change = (name: string): number => (then.classes[name] ?? 0) - (now.classes[name] ?? 0);
  return {
    added: [...after].filter((place) => !before.has(place)),
    removed: [...before].filter((place) => !after.has(place)),
    classesRaised: names.filter((name) => change(name) > 0),
    classesLowered: names.filter((name) => change(name) < 0),
  };
}
