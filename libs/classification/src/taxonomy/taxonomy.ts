import { createHash } from 'node:crypto';
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
    /** SHA-256 of all that it was made of, hex: two bundles of one hash find the same. */
    readonly hash: string,
    readonly terms: TermTable,
    readonly patterns: TenantPatterns,
    readonly thresholds: ReadonlyMap<string, number>,
  ) {
    Object.freeze(this);
  }

  /** True when the tenant lists nothing of its own. */
  get isEmpty(): boolean {
    return this.terms.size === 0 && this.patterns.patterns.length === 0;
  }

  /** Where something of the tenant's own may be unfinished at the end of a stream. */
  openFrom(text: string): number {
    return Math.min(this.terms.openFrom(text), this.patterns.openFrom(text));
  }

  /** The least score that counts: the type's threshold if the tenant set one, else its class's, else the default. */
  threshold(className: string, type: string): number {
    return this.thresholds.get(type) ?? this.thresholds.get(className) ?? DEFAULT_THRESHOLD;
  }

  counts(found: { readonly class: string; readonly type: string; readonly score: number }): boolean {
    return found.score >= this.threshold(found.class, found.type);
  }
}

export function bundleOf(taxonomy: Taxonomy): Bundle {
  if (taxonomy instanceof Bundle) return taxonomy;
  throw new TypeError('a taxonomy comes from loadTaxonomy');
}

/** Compiles a tenant's additions, or tells everything that is wrong with them. */
export function loadTaxonomy(source: TaxonomySource): Result<Taxonomy, readonly string[]> {
  const loading = load(source);
  let step = loading.next();
  while (step.done !== true) step = loading.next();
  return step.value;
}

/**
 * The same in slices of a few milliseconds, so that a thread that serves goes on serving while a hundred thousand terms
 * are compiled. `pause` resolves when the next slice may begin.
 */
export async function loadTaxonomyInSlices(
  source: TaxonomySource,
  pause: () => Promise<void>,
): Promise<Result<Taxonomy, readonly string[]>> {
  const loading = load(source);
  let step = loading.next();
  while (step.done !== true) {
    await pause();
    step = loading.next();
  }
  return step.value;
}

function* load(source: TaxonomySource): Generator<void, Result<Taxonomy, readonly string[]>> {
  const problems: string[] = [];
  const thresholds = new Map<string, number>();
  for (const [name, value] of Object.entries(source.thresholds)) {
    if (Number.isInteger(value) && value >= 0 && value <= 1000) thresholds.set(name, value);
    else problems.push(`threshold of ${name}: must be an integer from 0 to 1000`);
  }
  if (source.terms.length > MAX_TERMS) problems.push(`terms: ${source.terms.length}, at most ${MAX_TERMS}`);
  for (const name of new Set([...source.terms, ...source.patterns].map((entry) => entry.class)))
    if (!classNames.test(name)) problems.push(`class "${name.slice(0, 64)}": not a class name`);
  const patterns = compilePatterns(source.patterns);
  if (!patterns.ok) problems.push(...patterns.error);
  const terms = problems.length === 0 ? yield* TermTable.building(source.terms) : undefined;
  if (terms && !terms.ok) problems.push(...terms.error);
  if (problems.length > 0 || !patterns.ok || !terms?.ok) return err(problems);
  return ok(new Bundle(source.version, yield* hashing(source), terms.value, patterns.value, thresholds));
}

/** Terms that one call of the digest takes together: a call for each would take longer than the hashing. */
const HASHED_TOGETHER = 4_096;

function* hashing({ terms, patterns, thresholds }: TaxonomySource): Generator<void, string> {
  const hash = createHash('sha256').update(`${terms.length} terms `);
  for (let from = 0; from < terms.length; from += HASHED_TOGETHER) {
    yield;
    const batch = terms.slice(from, from + HASHED_TOGETHER);
    hash.update(batch.map((entry) => counted(entry.class) + counted(entry.term)).join(''));
  }
  const rest = [
    `${patterns.length} patterns `,
    ...patterns.map((entry) => counted(entry.class) + counted(entry.name) + counted(entry.pattern)),
    'thresholds ',
    ...Object.entries(thresholds)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([of, value]) => `${counted(of)}${value} `),
  ];
  return hash.update(rest.join('')).digest('hex');
}

function counted(text: string): string {
  return `${text.length}:${text}`;
}
