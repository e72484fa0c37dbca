/** Where a text stands in the conversation; an injection in a tool result is not an injection by the user. */
export type Role = 'system' | 'user' | 'assistant' | 'tool' | 'definition' | 'metadata';

/**
 * One string (or number, as its source text) of a request or an answer. `path` is a JSON pointer; `start` and `end` are
 * UTF-16 offsets of the JSON token (quotes included) in the source text, so that a redaction is spliced in place.
 */
export interface Leaf {
  readonly path: string;
  readonly role: Role;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The nearest object key, a cue for detectors: `ssn`, `password`. */
  readonly key?: string;
  /** True for a leaf that may not be rewritten (a number, an enum, an object key). */
  readonly fixed?: boolean;
}

/** One span of one leaf. Offsets are UTF-16 code units of `Leaf.text`. */
export interface Finding {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** The policy's word: PII, PHI, PCI, SECRET, INTERNAL, INJECTION or the tenant's own. */
  readonly class: string;
  /** The detector's word: EMAIL, US_SSN, AWS_ACCESS_KEY. */
  readonly type: string;
  /** Per mille, 0 to 1000. */
  readonly score: number;
  readonly detector: string;
  readonly detectorVersion: string;
  /** Views it was found through, e.g. `base64`; not empty means evasion. */
  readonly via: readonly string[];
  readonly validator?: string;
  readonly cues: readonly string[];
  readonly alternatives: readonly string[];
  /** HMAC-SHA-256 (tenant key) over type and normalised value, hex; never the value. */
  readonly valueDigest: string;
  /** A known test value, such as a published test card. */
  readonly test?: boolean;
}

/** Classes and spans found in a text, with the versions that found them. Frozen; all of it goes into the record. */
export interface Classification {
  /** Highest score per class, per mille. A class that was not found is absent. */
  readonly classes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** False when a budget ran out, a detector failed or a part could not be read. Policy denies on it by default. */
  readonly complete: boolean;
  /** Why it is incomplete, e.g. `unclassified:image`, `budget:time`, `unread:rate-limited`; empty when complete. */
  readonly incompleteBecause: readonly string[];
  readonly taxonomyVersion: string;
  readonly engineVersion: string;
  readonly leavesScanned: number;
  readonly charactersScanned: number;
}
