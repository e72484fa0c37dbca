import { err, ok, type Result, type TaxonomySource } from '@writ/domain';
import { compilePatterns, type TenantPatterns } from './patterns.js';
import { TermTable } from './terms.js';

/** A compiled, immutable taxonomy bundle. */
export interface Taxonomy {
  readonly version: string;
}

const DEFAULT_THRESHOLD = 500;
const MAX_TERMS = 100_000;
const classNames = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

/** What `loadTaxonomy` made of a source; nobody outside this library sees more of it than `Taxonomy`. */
export class Bundle implements Taxonomy {
  constructor(
    readonly version: string,
    readonly terms: TermTable,
    readonly patterns: TenantPatterns,
    readonly thresholds: ReadonlyMap<string, number>,
  ) {
    Object.freeze(this);
  }

  /** Where something of the tenant's own may be unfinished at the end of a stream. */
  openFrom(text: string): number {
    return Math.min(this.terms.openFrom(text), this.patterns.openFrom(text));
  }

  /** The least score that counts: the type's threshold if the tenant set one, else its class's, else the default. */
  threshold(className: string, type: string): number {
    return this.thresholds.get(type) ?? this.thresholds.get(className) ?? DEFAULT_THRESHOLD;
  }
}

export function bundleOf(taxonomy: Taxonomy): Bundle {
  if (taxonomy instanceof Bundle) return taxonomy;
  throw new TypeError('a taxonomy comes from loadTaxonomy');
}

/** Compiles a tenant's additions, or tells everything that is wrong with them. */
export function loadTaxonomy(source: TaxonomySource): Result<Taxonomy, readonly string[]> {
  const problems: string[] = [];
  const thresholds = new Map<string, number>();
  for (const [name, value] of Object.entries(source.thresholds)) {
    if (Number.isInteger(value) && value >= 0 && value <= 1000) thresholds.set(name, value);
    else problems.push(`threshold of ${name}: must be an integer from 0 to 1000`);
  }
  if (source.terms.length > MAX_TERMS) problems.push(`terms: ${source.terms.length}, at most ${MAX_TERMS}`);
  for (const entry of [...source.terms, ...source.patterns])
    if (!classNames.test(entry.class)) problems.push(`class "${entry.class.slice(0, 64)}": not a class name`);
  const patterns = compilePatterns(source.patterns);
  if (!patterns.ok) problems.push(...patterns.error);
  const terms = problems.length === 0 ? TermTable.build(source.terms) : undefined;
  if (terms && !terms.ok) problems.push(...terms.error);
  if (problems.length > 0 || !patterns.ok || !terms?.ok) return err(problems);
  return ok(new Bundle(source.version, terms.value, patterns.value, thresholds));
}
