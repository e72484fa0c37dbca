import type { Classification, Finding, JsonObject } from '@writ/domain';
import { canonicalWellFormed, clearSet, clearText } from './clear-fields.js';

/** Counts and versions in clear; the spans themselves are committed to, for they point into the text. */
export function classificationFields(classification: Classification | undefined): JsonObject | null {
  if (!classification) return null;
  return {
    classes: Object.fromEntries(
      Object.entries(classification.classes).map(([name, score]) => [clearText(name), Math.round(score)]),
    ),
    types: countedTypes(classification.findings),
    spans: classification.findings.length,
    detectors: clearSet(detectorsOf(classification.findings)),
    complete: classification.complete,
    because: clearSet(classification.incompleteBecause),
    taxonomy: clearText(classification.taxonomyVersion),
    engine: clearText(classification.engineVersion),
    leaves: classification.leavesScanned,
    characters: classification.charactersScanned,
  };
}

function countedTypes(findings: readonly Finding[]): JsonObject {
  const counts = new Map<string, number>();
  for (const { type } of findings) counts.set(type, (counts.get(type) ?? 0) + 1);
  const types: Record<string, number> = {};
  for (const [type, count] of counts) types[clearText(type)] = (types[clearText(type)] ?? 0) + count;
  return types;
}

/** Each with its version. Hundreds of findings come from a few detectors, nearly always of one version. */
function detectorsOf(findings: readonly Finding[]): readonly string[] {
  const versions = new Map<string, string>();
  const detectors: string[] = [];
  for (const { detector, detectorVersion } of findings) {
    if (versions.get(detector) === detectorVersion) continue;
    versions.set(detector, detectorVersion);
    detectors.push(`${detector}@${detectorVersion}`);
  }
  return detectors;
}

/** The spans as committed to, canonical JSON: exact, so that a reviewer who holds the text can check each. */
export function spansOf(classification: Classification | undefined): string | undefined {
  if (!classification || classification.findings.length === 0) return undefined;
  return plainSpans(classification.findings) ?? canonicalWellFormed(classification.findings);
}

/**
 * The same by the built-in serializer, which writes the hundreds of findings of a long conversation in a tenth of the time. What it
 * writes is canonical where the members come in order, each number is a safe integer, and no text needs an escape with a number:
 * only controls, NUL and broken surrogates do. Undefined otherwise.
 */
function plainSpans(findings: readonly Finding[]): string | undefined {
  const ordered: Required<Record<keyof Finding, unknown>>[] = [];
  for (const finding of findings) {
    const { start, end, score } = finding;
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && Number.isSafeInteger(score))) return undefined;
    ordered.push({
      alternatives: finding.alternatives,
      class: finding.class,
      cues: finding.cues,
      detector: finding.detector,
      detectorVersion: finding.detectorVersion,
      end,
      path: finding.path,
      score,
      start,
      test: finding.test,
      type: finding.type,
      validator: finding.validator,
      valueDigest: finding.valueDigest,
      via: finding.via,
    });
  }
  const json = JSON.stringify(ordered);
  return json.includes('\\u') ? undefined : json;
}
