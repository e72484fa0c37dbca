import { isDigit, isWordCode } from '../text/characters.js';
import type { CueHit, Cues } from '../text/cues.js';
import type { Grams } from '../text/grams.js';
import type { Tokens } from '../text/tokens.js';
import type { Candidate } from './rule.js';

/** All that the detectors know of one text: made once, read by each of them. */
export interface Scene {
  readonly text: string;
  readonly tokens: Tokens;
  readonly cues: Cues;
  /** What expressions over the whole text are asked against before they run. */
  readonly grams: Grams;
  /** Cues from outside the text: the JSON key, the column's header, what stood left of an encoded run. */
  readonly outer: readonly CueHit[];
  /** Of a view's text: what was made of a run, and is not the outer text as it is. */
  readonly core: readonly [number, number] | undefined;
}

export interface Backing {
  readonly words: readonly string[];
  readonly distance: number;
}

/** The cue that backs a candidate, from beside it or from outside; undefined when there is none. */
export function backing(scene: Scene, group: number, start: number, end: number): Backing | undefined {
  const near = scene.cues.nearest(group, start, end);
  if (near) return { words: [near.hit.text], distance: near.distance };
  const outer = scene.outer.find((hit) => hit.group === group);
  return outer ? { words: [outer.text], distance: 0 } : undefined;
}

const glue = new Set(Array.from('-_.,/:+@%\\#~&$*', (sign) => sign.charCodeAt(0)));

/** True when the span is a piece of something longer: of a GUID, a path, a decimal, a version. */
export function isGluedLeft(text: string, start: number, allowed = ''): boolean {
  if (start === 0) return false;
  const before = text.charCodeAt(start - 1);
  if (isWordCode(before) || before === 0x5f || before === 0x5c) return true;
  if (!glue.has(before) || allowed.includes(text[start - 1]!)) return false;
  if (start < 2) return before === 0x2d || before === 0x2e ? false : before !== 0x23;
  const further = text.charCodeAt(start - 2);
  if (before === 0x3a || before === 0x23) return isDigit(further);
  if (before === 0x2c) return isDigit(further);
  return isWordCode(further) || before === 0x24 || further === before || further === 0x2e || further === 0x7d;
}

export function isGluedRight(text: string, end: number, allowed = ''): boolean {
  if (end >= text.length) return false;
  const after = text.charCodeAt(end);
  if (isWordCode(after) || after === 0x5f) return true;
  if (!glue.has(after) || allowed.includes(text[end]!)) return false;
  const further = end + 1 < text.length ? text.charCodeAt(end + 1) : 0x20;
  if (after === 0x3a || after === 0x2c) return isDigit(further);
  if (after === 0x25) return true;
  return isWordCode(further);
}

/** True when another number stands beside, divided by the same separator: a row of numbers, not an identifier. */
export function isInRow(scene: Scene, first: number, last: number): boolean {
  const { tokens, text } = scene;
  const before = first - 1;
  if (before >= 0 && isOneApart(tokens, before) && isNumberWord(tokens, before)) {
    const sign = text[tokens.end[before]!];
    if (sign === ' ') return true;
  }
  const after = last + 1;
  if (after < tokens.count && isOneApart(tokens, last) && isNumberWord(tokens, after))
    return text[tokens.end[last]!] === ' ';
  return false;
}

/** One character between this word and the next. */
function isOneApart(tokens: Tokens, index: number): boolean {
  const gap = tokens.start[index + 1]! - tokens.end[index]!;
  return gap === 1;
}

function isNumberWord(tokens: Tokens, index: number): boolean {
  return (tokens.flags[index]! & 1) === 1;
}

export type Emit = (candidate: Candidate) => void;
