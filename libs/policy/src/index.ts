import type { Decision, Endpoint } from '@writ/domain';
import type { Result } from '@writ/domain';
import type { Facts } from './facts.js';
export type { DataFacts, Facts, SubjectFacts } from './facts.js';

/** A complaint about a document, with its position; lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

/** A compiled policy: plain integers and strings, shareable between threads, identified by its semantic hash. */
export interface PolicyImage {
  readonly name: string;
  readonly version: number;
  /** `sha256:` and hex over the canonical lowered rules. */
  readonly hash: string;
}

/** An image joined with an endpoint catalogue: every endpoint expression is a bitmap. */
export interface LinkedPolicy {
  readonly image: PolicyImage;
  readonly catalogueHash: string;
  /** Ms since the epoch at which an assurance starts or ends, so that the link must be made anew. */
  readonly validUntilMs: number;
}

export declare function compile(source: string, version: number): Result<PolicyImage, readonly Diagnostic[]>;
export declare function link(image: PolicyImage, endpoints: readonly Endpoint[], atMs: number): LinkedPolicy;
/** Total: whatever goes wrong inside is a deny with a code. Relinks nothing; a link past `validUntilMs` denies. */
export declare function decide(policy: LinkedPolicy, facts: Facts): Decision;
