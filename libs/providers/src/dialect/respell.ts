import type { AnswerPart } from '@writ/domain';
import type { AnswerReading } from '../answer-reader.js';
import type { Edit } from '../json/splice.js';
import { isSaid, wordsOf } from './encoder.js';
import { readJson } from '../json/value.js';

export interface Respelling {
  readonly edits: readonly Edit[];
  /** True when anything differs from what the vendor said. */
  readonly changed: boolean;
  /** Words that have no place in the vendor's JSON; they are written as events of our own. */
  readonly homeless: readonly AnswerPart[];
}

/**
 * Compares what the vendor said with what may leave. A rewritten part replaces its token; a part that the inspection kept
 * back is emptied, so that an omission can never let the vendor's own words through.
 */
export function respell({ source, parts: vendor }: AnswerReading, leaving: readonly AnswerPart[]): Respelling {
  const byPlace = new Map<number, string>();
  const homeless: AnswerPart[] = [];
  for (const part of leaving) {
    if (!isSaid(part)) continue;
    if (part.at) byPlace.set(part.at.start, wordsOf(part));
    else if (wordsOf(part) !== '') homeless.push(part);
  }
  const edits: Edit[] = [];
  for (const part of vendor) {
    if (!isSaid(part) || !part.at) continue;
    const words = byPlace.get(part.at.start) ?? '';
    if (words !== wordsOf(part)) edits.push({ ...part.at, text: spell(source, part.at.start, words) });
  }
  return { edits, changed: edits.length > 0, homeless };
}

/** A string token is written as a string; arguments that are an object stay one, empty if the rewriting broke it. */
function spell(source: string, start: number, words: string): string {
  if (source[start] === '"') return JSON.stringify(words);
  return readJson(words) === undefined ? '{}' : words;
}
