import { loadTaxonomy, slowPatterns } from '@writ/classification';
import { type JsonObject, type Result, type TaxonomySource, ok } from '@writ/domain';
import { type ControlTx, StaleVersion, TaxonomyRow } from '@writ/postgres/control';
import { refusedWith } from './administration.js';
import { canonicalText } from './canonical-text.js';
import type { Ports } from './ports.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';
import type * as t from './schema/taxonomy.types.js';

const shownTerms = 1_000;

export function viewTaxonomy(row: TaxonomyRow | undefined): t.Taxonomy {
  const { terms = [], patterns = [], thresholds = {} } = row?.source ?? {};
  return {
    terms: terms.slice(0, shownTerms),
    termCount: terms.length,
    patterns: [...patterns],
    thresholds: Object.entries(thresholds).map(([of, atLeast]) => ({ of, atLeast })),
    version: row?.version ?? 0,
  };
}

export function plainTerm(entry: t.TermInput | t.Term): t.Term {
  return { class: entry.class, term: entry.term };
}

export function plainPattern(entry: t.PatternInput): t.Pattern {
  return { class: entry.class, name: entry.name, pattern: entry.pattern };
}

export function sourceOf(
  { terms, patterns, thresholds }: Pick<t.UpsertTaxonomyInput, 'terms' | 'patterns' | 'thresholds'>,
  version: string,
): TaxonomySource {
  return {
    version,
    terms: terms.map((entry) => plainTerm(entry)),
    patterns: patterns.map((entry) => plainPattern(entry)),
    thresholds: Object.fromEntries(thresholds.map(({ of, atLeast }) => [of, atLeast])),
  };
}

/** What to change of a taxonomy; what is not named stays. */
export type Amendment = Pick<
  t.AmendTaxonomyInput,
  'addTerms' | 'removeTerms' | 'setPatterns' | 'removePatterns' | 'setThresholds' | 'removeThresholds'
>;

/** What stays and what changes, as one source. */
export function amended(before: TaxonomySource | undefined, input: Amendment, version: string): TaxonomySource {
  const removed = new Set(input.removeTerms.map((entry) => canonicalText(plainTerm(entry))));
  const added = new Map(input.addTerms.map((entry) => [canonicalText(plainTerm(entry)), plainTerm(entry)]));
  const kept = (before?.terms ?? []).filter((entry) => {
    const key = canonicalText(plainTerm(entry));
    return !removed.has(key) && !added.has(key);
  });
  const gone = new Set([...input.removePatterns, ...input.setPatterns.map(({ name }) => name)]);
  const patterns = (before?.patterns ?? []).filter(({ name }) => !gone.has(name));
  const thresholds = new Map(Object.entries(before?.thresholds ?? {}));
  for (const of of input.removeThresholds) thresholds.delete(of);
  for (const { of, atLeast } of input.setThresholds) thresholds.set(of, atLeast);
  return {
    version,
    terms: [...kept, ...added.values()],
    patterns: [...patterns, ...input.setPatterns.map((each) => plainPattern(each))],
    thresholds: Object.fromEntries(thresholds),
  };
}

export interface TaxonomySet {
  readonly taxonomy: t.Taxonomy;
  readonly fields: JsonObject;
  readonly publish: true;
  readonly needsApproval: boolean;
}

/** Compiles the next source, probes its new patterns, and puts it in the place of the version that the change names. */
export async function setTaxonomy(
  ports: Ports,
  tx: ControlTx,
  expectedVersion: number,
  next: (before: TaxonomySource | undefined) => TaxonomySource,
): Promise<Result<TaxonomySet, readonly UserError[]>> {
  const [before] = await tx.all(TaxonomyRow);
  if (expectedVersion !== (before?.version ?? 0)) throw new StaleVersion(before?.version ?? 0);
  const source = next(before?.source);
  const problems = taxonomyProblems(source, before?.source);
  if (problems.length > 0)
    return refusedWith(...problems.map((complaint) => userError('', UserErrorCode.INVALID, complaint)));
  const row = before
    ? await tx.update(TaxonomyRow, before, { source }, expectedVersion)
    : await tx.insert(TaxonomyRow, { id: ports.newId(), source });
  const { version, terms, patterns, thresholds } = source;
  return ok({
    taxonomy: viewTaxonomy(row),
    fields: { version, terms: terms.length, patterns: patterns.length, thresholds },
    publish: true,
    needsApproval: relaxes(before?.source, source),
  });
}

/** Everything that is wrong with a source. Patterns that are new are run against hostile texts. */
export function taxonomyProblems(source: TaxonomySource, before: TaxonomySource | undefined): readonly string[] {
  const loaded = loadTaxonomy(source);
  if (!loaded.ok) return loaded.error.slice(0, 20);
  const known = new Set((before?.patterns ?? []).map(({ pattern }) => pattern));
  return slowPatterns(
    source.patterns.filter(({ pattern }) => !known.has(pattern)),
    processorMs,
  );
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * True when less may be found than before: an entry is gone, a threshold is higher or back at the built-in one. A threshold
 * for what had none counts too, since the built-in one may have been lower.
 */
function relaxes(before: TaxonomySource | undefined, after: TaxonomySource): boolean {
  const kept = new Set([...after.terms, ...after.patterns].map((entry) => canonicalText(entry)));
  const gone = [...(before?.terms ?? []), ...(before?.patterns ?? [])].some((entry) => !kept.has(canonicalText(entry)));
  const reset = Object.keys(before?.thresholds ?? {}).some((of) => !Object.hasOwn(after.thresholds, of));
  const higher = Object.entries(after.thresholds).some(([of, atLeast]) => atLeast > (before?.thresholds[of] ?? -1));
  return gone || reset || higher;
}
