import { createHmac } from 'node:crypto';
import { limits, type Attachment, type Classification, type Finding, type Leaf } from '@writ/domain';
import { compose, isQuiet } from './composite.js';
import type { Candidate } from './detect/rule.js';
import type { LeafFindings } from './leaf-findings.js';
import { engineVersion, scan, type Scope } from './engine.js';
import { bundleOf, type Bundle, type Taxonomy } from './taxonomy/taxonomy.js';

export interface ClassifyOptions {
  /** 32 bytes: value digests and conversation tokens. */
  readonly digestKey: Uint8Array;
  /** Parts that cannot be read; each makes the result incomplete as `unclassified:<kind>`. */
  readonly attachments: readonly Attachment[];
  /** True once the budget of time is spent. */
  readonly expired: () => boolean;
}

export const MAX_FINDINGS = 5_000;

/** Scans every leaf. Whatever runs out or fails makes the result incomplete, and policy denies that by default. */
export function classify(leaves: readonly Leaf[], taxonomy: Taxonomy, options: ClassifyOptions): Classification {
  const bundle = bundleOf(taxonomy);
  const incomplete = new Set<string>(options.attachments.map((part) => `unclassified:${part.kind}`));
  const found: LeafFindings[] = [];
  let characters = 0;
  let count = 0;
  for (const leaf of leaves) {
    if (options.expired()) {
      incomplete.add('budget:time');
      break;
    }
    if (characters + leaf.text.length > limits.requestBytes) {
      incomplete.add('budget:characters');
      break;
    }
    characters += leaf.text.length;
    const result = scanLeaf(leaf, bundle, incomplete, options.expired);
    if (!result) continue;
    found.push(result);
    count += result.candidates.length;
    if (count > MAX_FINDINGS) {
      incomplete.add('budget:findings');
      break;
    }
  }
  const findings = compose(found).flatMap(({ leaf, candidates }) =>
    candidates
      .filter((candidate) => counts(candidate, bundle))
      .map((candidate) => finding(leaf, candidate, options.digestKey)),
  );
  return classification(findings, bundle.version, found.length, characters, incomplete);
}

function scanLeaf(
  leaf: Leaf,
  bundle: Bundle,
  incomplete: Set<string>,
  expired: () => boolean,
): LeafFindings | undefined {
  const nameless = leaf.fixed === true || leaf.role === 'definition';
  const scope: Scope = { key: leaf.key, role: leaf.role, nameless, bundle, expired };
  try {
    const result = scan(leaf.text, scope);
    for (const reason of result.incomplete) incomplete.add(reason);
    const candidates = result.candidates.filter((each) => counts(each, bundle) || isQuiet(each));
    return { leaf, candidates, clinicalWords: result.clinicalWords };
  } catch {
    // Fails closed: the leaf counts as unread, which policy denies by default.
    incomplete.add('detector:failed');
    return undefined;
  }
}

export function counts(candidate: Candidate, bundle: Bundle): boolean {
  return candidate.score >= bundle.threshold(candidate.class, candidate.type);
}

export function finding(leaf: Leaf, candidate: Candidate, digestKey: Uint8Array): Finding {
  return {
    path: leaf.path,
    start: candidate.start,
    end: candidate.end,
    class: candidate.class,
    type: candidate.type,
    score: candidate.score,
    detector: candidate.detector,
    detectorVersion: engineVersion,
    via: candidate.via,
    ...(candidate.validator === undefined ? {} : { validator: candidate.validator }),
    cues: candidate.cues,
    alternatives: candidate.alternatives,
    valueDigest: createHmac('sha256', digestKey).update(`${candidate.type}\0${candidate.normal}`).digest('hex'),
    ...(candidate.test === true ? { test: true } : {}),
  };
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
