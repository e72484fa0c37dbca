import type { Check } from './checks.js';

/**
 * One structured identifier as data. A shape is written with `9` for a digit, `A` for a letter, `#` for either and the
 * separators as they stand; its number is the score per mille that it has without any cue, 0 when only a cue makes it
 * a finding.
 */
export interface Rule {
  readonly type: string;
  /** Defaults to PII. */
  readonly class?: string;
  readonly shapes: Readonly<Record<string, number>>;
  /** Must hold for the value in capitals, without separators. */
  readonly match?: RegExp;
  readonly check?: Check;
  /** What `check` is called in the finding. */
  readonly validator?: string;
  /** Score with a cue beside it. */
  readonly cued: number;
  /** Whole words or phrases, comma-separated, lower case, in the languages of the country. */
  readonly cues: string;
  /** Rank among equals: lower wins. */
  readonly rank?: number;
}

/** A span that a pass holds for a finding, before overlaps are resolved. Scores per mille. */
export interface Candidate {
  start: number;
  end: number;
  readonly class: string;
  readonly type: string;
  score: number;
  readonly detector: string;
  /** 3 checksum or framing, 2 structure, 1 cue or context only. */
  readonly strength: 1 | 2 | 3;
  readonly validator?: string | undefined;
  readonly cues: readonly string[];
  readonly alternatives: readonly string[];
  via: readonly string[];
  /** Words between it and its cue, and the rule's rank: among equals the lower sum wins. */
  readonly penalty?: number;
  /** The steps of the score, for `explain`. */
  readonly steps: readonly string[];
  readonly test?: boolean;
  /** The value as digested: compact and in one case. */
  readonly normal: string;
}

/** A candidate with every field in its place, so that what reads candidates meets one shape only. */
export class Span implements Candidate {
  start: number;
  end: number;
  readonly class: string;
  readonly type: string;
  score: number;
  readonly detector: string;
  readonly strength: 1 | 2 | 3;
  readonly validator: string | undefined;
  readonly cues: readonly string[];
  alternatives: readonly string[];
  via: readonly string[];
  readonly penalty: number;
  readonly steps: readonly string[];
  readonly test: boolean;
  readonly normal: string;

  constructor(from: Candidate, start = from.start, end = from.end) {
    this.start = start;
    this.end = end;
    this.class = from.class;
    this.type = from.type;
    this.score = from.score;
    this.detector = from.detector;
    this.strength = from.strength;
    this.validator = from.validator;
    this.cues = from.cues;
    this.alternatives = from.alternatives;
    this.via = from.via;
    this.penalty = from.penalty ?? 0;
    this.steps = from.steps;
    this.test = from.test === true;
    this.normal = from.normal;
  }
}

/** The shape's variants without `#`; `{n,m}` behind a sign repeats it. */
export function expandShape(shape: string): readonly string[] {
  const counted = /^(.*?)([9A#])\{(\d+),(\d+)\}(.*)$/.exec(shape);
  if (counted) {
    const [, before, sign, low, high, after] = counted;
    const variants: string[] = [];
    for (let count = Number(low); count <= Number(high); count += 1)
      variants.push(...expandShape(`${before}${sign!.repeat(count)}${after}`));
    return variants;
  }
  const at = shape.indexOf('#');
  if (at === -1) return [shape];
  const [before, after] = [shape.slice(0, at), shape.slice(at + 1)];
  return [...expandShape(`${before}9${after}`), ...expandShape(`${before}A${after}`)];
}
