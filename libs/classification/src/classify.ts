import { limits, type Attachment, type Classification, type Finding, type Leaf } from '@writ/domain';
import { compose } from './composite.js';
import { engineVersion } from './engine.js';
import type { LeafCache, LeafMemory } from './leaf-cache.js';
import type { LeafScan, Located, ScannedLeaf } from './located.js';
import { MAX_FINDINGS, scanLeaves, type ScanOptions, type Scans } from './scan-leaves.js';
import { bundleOf, type Taxonomy } from './taxonomy/taxonomy.js';

export interface ClassifyOptions extends ScanOptions {
  /** Parts that cannot be read; each makes the result incomplete as `unclassified:<kind>`. */
  readonly attachments: readonly Attachment[];
  /** Where to look for, and to leave, what whole leaves held. */
  readonly memory?: { readonly cache: LeafCache; readonly tenant: string };
}

/** What is left to read of a request after what is remembered. */
export interface Plan {
  readonly leaves: readonly Leaf[];
  /** By index of `leaves`. */
  readonly recalled: readonly (LeafScan | undefined)[];
  readonly names: readonly (string | undefined)[];
  readonly missing: readonly Leaf[];
  readonly missingCharacters: number;
  readonly memory: LeafMemory | undefined;
  readonly incomplete: readonly string[];
}

/** Scans every leaf. Whatever runs out or fails makes the result incomplete, and policy denies that by default. */
export function classify(leaves: readonly Leaf[], taxonomy: Taxonomy, options: ClassifyOptions): Classification {
  return classifyPlanned(planClassification(leaves, taxonomy, options), taxonomy, options);
}

/** Reads here what the plan found missing; a pool reads it on a worker's thread. */
export function classifyPlanned(plan: Plan, taxonomy: Taxonomy, options: ScanOptions): Classification {
  return conclude(plan, scanLeaves(plan.missing, bundleOf(taxonomy), options), taxonomy);
}

/** Recalls what it can, and says what is left to read. */
export function planClassification(
  leaves: readonly Leaf[],
  taxonomy: Taxonomy,
  { digestKey, attachments, memory: where }: Omit<ClassifyOptions, 'expired'>,
): Plan {
  const incomplete = new Set<string>(attachments.map((part) => `unclassified:${part.kind}`));
  const memory = where?.cache.of(where.tenant, bundleOf(taxonomy), digestKey);
  const admitted: Leaf[] = [];
  const recalled: (LeafScan | undefined)[] = [];
  const names: (string | undefined)[] = [];
  const missing: Leaf[] = [];
  let characters = 0;
  let missingCharacters = 0;
  for (const leaf of leaves) {
    characters += leaf.text.length;
    if (characters > limits.requestBytes) {
      incomplete.add('budget:characters');
      break;
    }
    const name = memory?.nameOf(leaf);
    const scan = name === undefined ? undefined : memory?.recall(name);
    admitted.push(leaf);
    recalled.push(scan);
    names.push(name);
    if (scan) continue;
    missing.push(leaf);
    missingCharacters += leaf.text.length;
  }
  return { leaves: admitted, recalled, names, missing, missingCharacters, memory, incomplete: [...incomplete] };
}

/** What was recalled and what was read now, as one result; remembers what was read now. */
export function conclude(plan: Plan, { scans, incomplete: because }: Scans, taxonomy: Taxonomy): Classification {
  const bundle = bundleOf(taxonomy);
  const incomplete = new Set<string>([...plan.incomplete, ...because]);
  const scanned: ScannedLeaf[] = [];
  let next = 0;
  let characters = 0;
  let count = 0;
  for (const [index, leaf] of plan.leaves.entries()) {
    const known = plan.recalled[index];
    const scan = known ?? scans[next];
    if (!known) next += 1;
    if (!scan) continue;
    const name = plan.names[index];
    if (!known && name !== undefined) plan.memory?.remember(name, scan);
    scanned.push({ leaf, ...scan });
    characters += leaf.text.length;
    count += scan.found.length;
    if (count > MAX_FINDINGS) {
      incomplete.add('budget:findings');
      break;
    }
  }
  const findings = compose(scanned).flatMap(({ leaf, found }) =>
    found.filter((each) => bundle.counts(each)).map((each) => finding(leaf, each)),
  );
  return classification(findings, bundle.version, scanned.length, characters, incomplete);
}

export function finding({ path }: Leaf, found: Located): Finding {
  const {
    start,
    end,
    class: name,
    type,
    score,
    detector,
    via,
    validator,
    cues,
    alternatives,
    valueDigest,
    test,
  } = found;
  const detectorVersion = engineVersion;
  const head = { path, detectorVersion, start, end, class: name, type, score, detector, via };
  const known = test === true ? { test } : undefined;
  return validator === undefined
    ? { ...head, cues, alternatives, valueDigest, ...known }
    : { ...head, validator, cues, alternatives, valueDigest, ...known };
}

/** Of a text that nobody looked at, and why not: incomplete, so nothing may be concluded from what it does not name. */
export function notRead(bundle: Taxonomy, because: string): Classification {
  return classification([], bundle.version, 0, 0, new Set([because]));
}

export function classification(
  findings: readonly Finding[],
  taxonomyVersion: string,
  leavesScanned: number,
  charactersScanned: number,
  incomplete: ReadonlySet<string>,
): Classification {
  const classes: Record<string, number> = {};
  for (const { class: name, score } of findings) classes[name] = Math.max(classes[name] ?? 0, score);
  return Object.freeze({
    classes: Object.freeze(classes),
    findings: Object.freeze(findings),
    complete: incomplete.size === 0,
    incompleteBecause: [...incomplete].toSorted(),
    taxonomyVersion,
    engineVersion,
    leavesScanned,
    charactersScanned,
  });
}
