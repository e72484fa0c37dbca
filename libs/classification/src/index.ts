import type {
  AnswerEvent,
  Ask,
  Attachment,
  Classification,
  Leaf,
  Obligations,
  Refusal,
  Result,
  TaxonomySource,
} from '@writ/domain';

/** A compiled, immutable taxonomy bundle. */
export interface Taxonomy {
  readonly version: string;
}

export interface ClassifyOptions {
  /** 32 bytes: value digests and conversation tokens. */
  readonly digestKey: Uint8Array;
  /** Parts that cannot be read; each makes the result incomplete as `unclassified:<kind>`. */
  readonly attachments: readonly Attachment[];
  /** True once the budget of time is spent. */
  readonly expired: () => boolean;
}

declare const cleared: unique symbol;
/** A prompt whose obligations are fulfilled. Only `fulfil` makes one, and only it may leave the house. */
export interface ClearedPrompt {
  readonly [cleared]: true;
  readonly ask: Ask;
  /** The caller's JSON text with every redaction spliced in. */
  readonly source: string;
  /** The leaves as rewritten; positions point into `source`. */
  readonly leaves: readonly Leaf[];
  readonly redactions: number;
  /** Tokens of this conversation back to their values, for restoring in the answer. Never logged, never recorded in clear. */
  readonly restorations: ReadonlyMap<string, string>;
}

export interface Inspected {
  /** What may leave now, in order, already redacted and restored. */
  readonly events: readonly AnswerEvent[];
  /** Set when a blocked class was found: nothing further may leave. */
  readonly withheld?: string;
}

/** Looks at an answer on its way out, across event boundaries, with bounded hold-back. */
export interface AnswerInspector {
  push(event: AnswerEvent): Inspected;
  /** After silence or at a terminal event: everything that may leave without more context. */
  flush(final: boolean): Inspected;
  summary(): { readonly classification: Classification; readonly redactions: number; readonly text: string };
}

export declare function loadTaxonomy(source: TaxonomySource): Result<Taxonomy, readonly string[]>;
export declare function classify(leaves: readonly Leaf[], taxonomy: Taxonomy, options: ClassifyOptions): Classification;
/** Applies the redactions to the prompt, or refuses when one cannot be applied. */
export declare function fulfil(
  obligations: Obligations,
  ask: Ask,
  classification: Classification,
  conversationKey: Uint8Array,
): Result<ClearedPrompt, Refusal>;
export declare function inspectAnswer(
  obligations: Obligations,
  prompt: ClearedPrompt,
  taxonomy: Taxonomy,
  options: ClassifyOptions,
): AnswerInspector;
