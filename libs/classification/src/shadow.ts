import type { Classification, Leaf } from '@writ/domain';
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
  const [before, after] = [placesIn(now), placesIn(then)];
  const names = [...new Set([...Object.keys(now.classes), ...Object.keys(then.classes)])].toSorted();
  const change = (name: string): number => (then.classes[name] ?? 0) - (now.classes[name] ?? 0);
  return {
    added: [...after.keys()].filter((place) => !before.has(place)),
    removed: [...before.keys()].filter((place) => !after.has(place)),
    classesRaised: names.filter((name) => change(name) > 0),
    classesLowered: names.filter((name) => change(name) < 0),
  };
}

/** How two readings of one request differ, in classes and counts: nothing of it points into the text. */
export interface ClassDifference {
  /** Classes that only the candidate found, and those that only the live taxonomy found; sorted. */
  readonly gained: readonly string[];
  readonly gone: readonly string[];
  /** Findings that only the candidate has, and those that only the live taxonomy has, counted by class. */
  readonly added: Readonly<Record<string, number>>;
  readonly removed: Readonly<Record<string, number>>;
}

export function classDifference(live: Classification, candidate: Classification): ClassDifference {
  const [before, after] = [placesIn(live), placesIn(candidate)];
  return {
    gained: onlyIn(candidate, live),
    gone: onlyIn(live, candidate),
    added: countsOf(after, before),
    removed: countsOf(before, after),
  };
}

function onlyIn(one: Classification, other: Classification): readonly string[] {
  const names = Object.keys(one.classes).filter((name) => other.classes[name] === undefined);
  return names.toSorted();
}

function placesIn({ findings }: Classification): ReadonlyMap<string, string> {
  return new Map(
    findings.map((each) => [`${each.class} ${each.type} ${each.path} ${each.start}-${each.end}`, each.class]),
  );
}

function countsOf(these: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [place, name] of these) if (!others.has(place)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
