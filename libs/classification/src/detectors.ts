import { rules } from './detect/rules/index.js';
import { secretFormats } from './secrets/formats.js';

/** One built-in kind of finding, for people who write policies and thresholds. */
export interface DetectorView {
  readonly type: string;
  readonly class: string;
  /** `identifier`: a shape with its check; `credential`: a vendor's format; `text`: found by what stands around. */
  readonly kind: 'identifier' | 'credential' | 'text';
  /** What proves a value, where something does: `luhn`, `mod-97`. */
  readonly validator?: string;
}

const written: readonly (readonly [string, string])[] = [
  ['EMAIL', 'PII'],
  ['PHONE', 'PII'],
  ['PERSON', 'PII'],
  ['LOCATION', 'PII'],
  ['DATE_OF_BIRTH', 'PII'],
  ['USERNAME', 'PII'],
  ['IP_ADDRESS', 'PII'],
  ['MAC_ADDRESS', 'PII'],
  ['VIN', 'PII'],
  ['CRYPTO_ADDRESS', 'PII'],
  ['IBAN', 'PII'],
  ['DATE', 'PHI'],
  ['AGE', 'PHI'],
  ['ORGANISATION', 'ORGANISATION'],
  ['CREDIT_CARD', 'PCI'],
  ['PRIVATE_KEY', 'SECRET'],
  ['JWT', 'SECRET'],
  ['URL_CREDENTIAL', 'SECRET'],
  ['GENERIC_SECRET', 'SECRET'],
  ['RECOVERY_PHRASE', 'SECRET'],
  ['URL', 'LINK'],
  ['INJECTION_OVERRIDE', 'INJECTION'],
  ['INJECTION_JAILBREAK', 'INJECTION'],
  ['INJECTION_PROMPT_LEAK', 'INJECTION'],
  ['INJECTION_SMUGGLING', 'INJECTION'],
  ['INJECTION_INDIRECT', 'INJECTION'],
];

/** Everything that is looked for without a tenant's doing, each type once, in order of class and type. */
export function detectors(): readonly DetectorView[] {
  const found = new Map<string, DetectorView>();
  for (const [type, name] of written) found.set(type, { type, class: name, kind: 'text' });
  for (const { type, class: name = 'PII', validator } of rules)
    if (!found.has(type))
      found.set(type, { type, class: name, kind: 'identifier', ...(validator === undefined ? {} : { validator }) });
  for (const { type } of secretFormats)
    if (!found.has(type)) found.set(type, { type, class: 'SECRET', kind: 'credential' });
  return [...found.values()].toSorted((a, b) => (`${a.class} ${a.type}` < `${b.class} ${b.type}` ? -1 : 1));
}
