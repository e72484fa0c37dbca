import type { Classification, Finding, JsonObject } from '@writ/domain';
import { canonicalJson } from './canonical-json.js';
import { canonicalWellFormed, clearJson, clearNumbersJson, clearSetJson, clearText } from './clear-fields.js';

/** Counts and versions in clear, canonical JSON; the spans themselves are committed to, for they point into the text. */
export function classificationJson(classification: Classification | undefined): string {
  if (!classification) return 'null';
  const { classes, findings, complete, incompleteBecause, taxonomyVersion, engineVersion } = classification;
  const { leavesScanned, charactersScanned } = classification;
  return (
    `{"because":${clearSetJson(incompleteBecause)},"characters":${canonicalJson(charactersScanned)},` +
    `"classes":${clearNumbersJson(classes)},"complete":${complete},` +
    `"detectors":${clearSetJson(detectorsOf(findings))},"engine":${clearJson(engineVersion)},` +
    `"leaves":${canonicalJson(leavesScanned)},"spans":${findings.length},` +
    `"taxonomy":${clearJson(taxonomyVersion)},"types":${canonicalJson(countedTypes(findings))}}`
  );
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
