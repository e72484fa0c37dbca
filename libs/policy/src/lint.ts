import type { Diagnostic } from './diagnostic.js';
import { readDocument } from './document.js';
import { readInvariants } from './invariants.js';
import { readSuite } from './run-tests.js';

/** Every complaint about a document, its tests and its invariants; empty when there is nothing to say. */
export function lint(source: string): readonly Diagnostic[] {
  const document = readDocument(source);
  if (!document.ok) return document.error;
  const suite = readSuite(document.value);
  const invariants = readInvariants(document.value);
  return [
    ...document.value.warnings,
    ...(suite.ok ? [] : suite.error),
    ...(invariants.ok ? [] : invariants.error),
  ].toSorted((a, b) => a.line - b.line || a.column - b.column);
}
