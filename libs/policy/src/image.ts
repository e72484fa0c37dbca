import { type Result, err, ok } from '@writ/domain';
import { compileWords } from './compile-image.js';
import type { Diagnostic } from './diagnostic.js';
import { type PolicyDocument, readDocument } from './document.js';

/** A compiled policy: plain integers and strings, shareable between threads, identified by its semantic hash. */
export interface PolicyImage {
  readonly name: string;
  readonly version: number;
  /** `sha256:` and hex over the canonical lowered rules. */
  readonly hash: string;
  /** Everything the engine reads, in one block of shared memory; see `layout.ts`. */
  readonly words: Int32Array;
}

export function compile(source: string, version: number): Result<PolicyImage, readonly Diagnostic[]> {
  const document = readDocument(source);
  return document.ok ? ok(imageOf(document.value, version)) : err(document.error);
}

export function imageOf({ name, program, hash }: PolicyDocument, version: number): PolicyImage {
  return Object.freeze({ name, version, hash, words: compileWords(program) });
}
