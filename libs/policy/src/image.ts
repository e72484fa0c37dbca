import { type Result, err, ok } from '@writ/domain';
import { canonicalJson, hashOf } from './canonical.js';
import type { Diagnostic } from './diagnostic.js';
import { type PolicyDocument, readDocument, schemaVersion } from './document.js';
import type { Program } from './program.js';

/** A compiled policy: plain integers and strings, shareable between threads, identified by its semantic hash. */
export interface PolicyImage {
  readonly name: string;
  readonly version: number;
  /** `sha256:` and hex over the canonical lowered rules. */
  readonly hash: string;
  /** The canonical lowered rules themselves, as JSON: what the hash is over, and what explanations are read from. */
  readonly canonical: string;
}

export function compile(source: string, version: number): Result<PolicyImage, readonly Diagnostic[]> {
  const document = readDocument(source);
  return document.ok ? ok(imageOf(document.value, version)) : err(document.error);
}

export function imageOf({ name, program, hash }: PolicyDocument, version: number): PolicyImage {
  return Object.freeze({ name, version, hash, canonical: canonicalOf(program) });
}

export function canonicalOf(program: Program): string {
  return canonicalJson({ schema: schemaVersion, ...program });
}

const programs = new WeakMap<PolicyImage, Program>();

/** The rules of an image. Throws when they are not the ones the hash names: an image is never trusted unread. */
export function programOf(image: PolicyImage): Program {
  const known = programs.get(image);
  if (known !== undefined) return known;
  if (hashOf(image.canonical) !== image.hash) throw new Error('the image does not match its hash');
  const program = JSON.parse(image.canonical) as Program;
  programs.set(image, program);
  return program;
}
