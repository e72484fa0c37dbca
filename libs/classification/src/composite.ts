import type { Leaf } from '@writ/domain';

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

/** What the composition must know of a finding. */
interface Found {
  readonly class: string;
  readonly type: string;
  readonly score: number;
  readonly detector: string;
}

interface LeafFound<F extends Found> {
  readonly leaf: Leaf;
  readonly found: readonly F[];
  readonly clinicalWords: number;
}

export function isQuiet({ type, score }: Found): boolean {
  return quiet.has(type) && score >= 400;
}

/**
 * PHI is an identifier in clinical context, anywhere in the conversation: every identifier then stands a second time
 * with class PHI on the same span, so that policy can name it and redaction can reach it.
 */
export function compose<F extends Found>(leaves: readonly LeafFound<F>[]): readonly LeafFound<F>[] {
  const all = leaves.flatMap((entry) => entry.found);
  const words = leaves.reduce((sum, entry) => sum + (entry.leaf.role === 'definition' ? 0 : entry.clinicalWords), 0);
  const clinical = words > 0 || all.some((each) => clinicalByNature.has(each.type));
  const anyone = all.some((each) => identifiers.test(each.type) && !weak.has(each.type));
  if (!anyone) return leaves.map((entry) => ({ ...entry, found: entry.found.map((each) => asMerePlace(each)) }));
  if (!clinical) return leaves;
  return leaves.map((entry) => ({
    ...entry,
    found: entry.found.flatMap((each) => (identifiers.test(each.type) ? [each, asClinical(each)] : [each])),
  }));
}

/** A city nobody lives in, as far as this conversation tells: `What is the weather in Paris?` A street line stays PII. */
function asMerePlace<F extends Found>(found: F): F {
  const isCity = found.detector === 'names:location' || found.detector === 'names:city';
  return isCity ? { ...found, class: 'PLACE' } : found;
}

function asClinical<F extends Found>(found: F): F {
  return { ...found, class: 'PHI', score: Math.max(found.score, LIFTED), detector: 'composite:phi' };
}

/** The composition over a text that comes in pieces: what was met once stays met. */
export class RunningComposition<F extends Found> {
  #words = 0;
  #identifier: F | undefined;

  compose(found: readonly F[], clinicalWords: number): readonly F[] {
    this.#words = Math.max(this.#words, clinicalWords);
    this.#identifier ??= found.find((each) => identifiers.test(each.type) && !weak.has(each.type));
    const leaf: Leaf = { path: '', role: 'assistant', text: '', start: 0, end: 0 };
    const met = { leaf, found: this.#identifier ? [this.#identifier] : [], clinicalWords: this.#words };
    return compose([met, { leaf, found, clinicalWords: 0 }])[1]!.found;
  }
}
