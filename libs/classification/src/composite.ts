import type { Leaf } from '@writ/domain';
import type { Candidate } from './detect/rule.js';
import type { LeafFindings } from './leaf-findings.js';

/** The identifiers of 45 CFR 164.514(b)(2), by our types. */
const identifiers =
  /^(?:PERSON|LOCATION|ADDRESS|DATE_OF_BIRTH|DATE|AGE|ORGANISATION|PHONE|EMAIL|URL|IP_ADDRESS|MAC_ADDRESS|IBAN|MEDICAL_RECORD_NUMBER|HEALTH_PLAN_NUMBER|VIN|IMEI|LICENSE_PLATE|[A-Z]{2}_[A-Z_]+)$/;
/** Identifiers that only care uses: they carry the clinical context with them. */
const clinicalByNature = new Set([
  'MEDICAL_RECORD_NUMBER',
  'HEALTH_PLAN_NUMBER',
  'US_MBI',
  'UK_NHS',
  'DE_KVNR',
  'AU_MEDICARE',
  'NZ_NHI',
]);
/** Say too little alone to make a conversation about someone. */
const weak = new Set([
  'URL',
  'IP_ADDRESS',
  'MAC_ADDRESS',
  'LOCATION',
  'DATE',
  'AGE',
  'ORGANISATION',
  'US_NPI',
  'US_DEA',
]);

/** Found, but too weak to count by itself; only the composition may lift it. */
const quiet = new Set(['DATE', 'AGE', 'ORGANISATION']);
const LIFTED = 650;

export function isQuiet(candidate: Candidate): boolean {
  return quiet.has(candidate.type) && candidate.score >= 400;
}

/**
 * PHI is an identifier in clinical context, anywhere in the conversation: every identifier then stands a second time
 * with class PHI on the same span, so that policy can name it and redaction can reach it.
 */
export function compose(found: readonly LeafFindings[]): readonly LeafFindings[] {
  const all = found.flatMap((entry) => entry.candidates);
  const words = found.reduce((sum, entry) => sum + (entry.leaf.role === 'definition' ? 0 : entry.clinicalWords), 0);
  const clinical = words > 0 || all.some((each) => clinicalByNature.has(each.type));
  const anyone = all.some((each) => identifiers.test(each.type) && !weak.has(each.type));
  if (!anyone) return found.map((entry) => ({ ...entry, candidates: entry.candidates.map(asMerePlace) }));
  if (!clinical) return found;
  return found.map((entry) => ({
    ...entry,
    candidates: entry.candidates.flatMap((each) => (identifiers.test(each.type) ? [each, asClinical(each)] : [each])),
  }));
}

/** A city nobody lives in, as far as this conversation tells: `What is the weather in Paris?` A street line stays PII. */
function asMerePlace(candidate: Candidate): Candidate {
  return candidate.detector === 'names:location' ? { ...candidate, class: 'PLACE' } : candidate;
}

function asClinical(candidate: Candidate): Candidate {
  return {
    ...candidate,
    class: 'PHI',
    score: Math.max(candidate.score, LIFTED),
    detector: 'composite:phi',
    steps: [...candidate.steps, 'identifier in clinical context'],
  };
}

/** The composition over a text that comes in pieces: what was met once stays met. */
export class RunningComposition {
  #words = 0;
  #identifier: Candidate | undefined;

  compose(candidates: readonly Candidate[], clinicalWords: number): readonly Candidate[] {
    this.#words = Math.max(this.#words, clinicalWords);
    this.#identifier ??= candidates.find((each) => identifiers.test(each.type) && !weak.has(each.type));
    const leaf: Leaf = { path: '', role: 'assistant', text: '', start: 0, end: 0 };
    const met = { leaf, candidates: this.#identifier ? [this.#identifier] : [], clinicalWords: this.#words };
    return compose([met, { leaf, candidates, clinicalWords: 0 }])[1]!.candidates;
  }
}
