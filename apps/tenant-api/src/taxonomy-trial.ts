import { createHash } from 'node:crypto';
import type { TaxonomySource } from '@writ/domain';
import type { TaxonomyTrialRow } from '@writ/postgres/control';
import { canonicalText } from './canonical-text.js';
import type { DecisionView, TriedTaxonomy } from './ports.js';
import { toId } from './schema/ids.js';
import type * as t from './schema/taxonomy-trial.types.js';

const shownTerms = 1_000;
const examplesAtMost = 10;

/** The same additions have the same name, whenever they are tried: what was recorded of one is known again. */
export function asCandidate({ terms, patterns, thresholds }: TaxonomySource): TaxonomySource {
  const digest = createHash('sha256').update(canonicalText({ terms, patterns, thresholds })).digest('hex');
  return { version: `trial-${digest.slice(0, 16)}`, terms, patterns, thresholds };
}

export function viewTrial({ source, perMille, version, updatedAt }: TaxonomyTrialRow): t.TaxonomyTrial {
  return {
    candidate: source.version,
    perMille,
    terms: source.terms.slice(0, shownTerms),
    termCount: source.terms.length,
    patterns: [...source.patterns],
    thresholds: Object.entries(source.thresholds).map(([of, atLeast]) => ({ of, atLeast })),
    begunAt: updatedAt.toISOString(),
    version,
  };
}

export function viewTried({ added, removed, ...tried }: TriedTaxonomy): t.ShadowTaxonomy {
  return {
    candidate: tried.candidate,
    state: tried.state,
    gained: [...tried.gained],
    gone: [...tried.gone],
    added: viewCounts(added),
    removed: viewCounts(removed),
    effect: tried.effect ?? null,
    changes: [...tried.changes],
  };
}

function viewCounts(counts: TriedTaxonomy['added']): t.ClassCount[] {
  return Object.entries(counts).map(([name, count]) => ({ class: name, count }));
}

/** True for a request that the candidate reads otherwise, or that would be decided otherwise by what it reads. */
export function differs({ gained, gone, added, removed, changes }: TriedTaxonomy): boolean {
  const counts = [...Object.values(added), ...Object.values(removed)];
  return gained.length + gone.length + counts.length + changes.length > 0;
}

type Sums = { -readonly [K in keyof Omit<t.TriedClass, 'class'>]: t.TriedClass[K] };

/** Sums up decisions that were made while `candidate` was on trial, newest first. */
export function reportOf(
  candidate: string,
  found: readonly DecisionView[],
  searchedTo: string | undefined,
): t.TaxonomyTrialReport {
  const classes = new Map<string, Sums>();
  const notCompared = new Map<string, number>();
  let [compared, differing, decidedOtherwise] = [0, 0, 0];
  for (const { record, shadowTaxonomy: tried } of found) {
    if (tried?.candidate !== candidate) continue;
    if (tried.state !== 'read') {
      notCompared.set(tried.state, (notCompared.get(tried.state) ?? 0) + 1);
      continue;
    }
    compared += 1;
    if (differs(tried)) differing += 1;
    if (tried.changes.length > 0) decidedOtherwise += 1;
    addTo(classes, tried, toId('Record', record));
  }
  return {
    candidate,
    compared,
    differing,
    decidedOtherwise,
    notCompared: [...notCompared].map(([state, count]) => ({ state, count })),
    classes: [...classes]
      .map(([name, sums]) => ({ class: name, ...sums }))
      .toSorted((a, b) => findingsOf(b) - findingsOf(a) || (a.class < b.class ? -1 : 1)),
    complete: searchedTo === undefined,
    searchedTo: searchedTo === undefined ? null : toId('Record', searchedTo),
  };
}

function addTo(classes: Map<string, Sums>, tried: TriedTaxonomy, id: string): void {
  const { gained, gone, added, removed } = tried;
  for (const name of new Set([...gained, ...gone, ...Object.keys(added), ...Object.keys(removed)])) {
    const before = classes.get(name);
    const examples = before?.examples ?? [];
    classes.set(name, {
      requestsGained: (before?.requestsGained ?? 0) + (gained.includes(name) ? 1 : 0),
      requestsGone: (before?.requestsGone ?? 0) + (gone.includes(name) ? 1 : 0),
      findingsAdded: (before?.findingsAdded ?? 0) + (added[name] ?? 0),
      findingsRemoved: (before?.findingsRemoved ?? 0) + (removed[name] ?? 0),
      examples: examples.length < examplesAtMost ? [...examples, id] : examples,
    });
  }
}

function findingsOf({ findingsAdded, findingsRemoved }: t.TriedClass): number {
  return findingsAdded + findingsRemoved;
}
