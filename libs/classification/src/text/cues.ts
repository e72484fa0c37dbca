import { CUE_START, enlist, marksOf } from './lexicon.js';
import { hashOf, tokenAt, Tokens } from './tokens.js';

/** A group of words that speak for (or against) a rule when they stand beside its candidate, whole and never as a part. */
export interface CueGroup {
  readonly id: number;
  readonly name: string;
}

interface Phrase {
  readonly rest: readonly number[];
  readonly group: number;
  readonly text: string;
}

export interface CueHit {
  readonly group: number;
  /** Index of the phrase's first and last token. */
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

const WORDS_BEFORE = 7;
const CHARACTERS_BEFORE = 60;
const WORDS_AFTER = 4;
const CHARACTERS_AFTER = 24;

/** All cue phrases of all rules, found in one walk over the tokens by the hash of a phrase's first word. */
export class CueTable {
  readonly #phrases = new Map<number, Phrase[]>();
  readonly #groups = new Map<string, number>();
  readonly #words = new Tokens();
  #count = 0;

  /** The group's number. The same list of phrases gives the same group. */
  group(phrases: readonly string[]): number {
    const name = phrases.join('|');
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = this.#count;
    this.#count += 1;
    this.#groups.set(name, group);
    for (const phrase of phrases) this.#add(phrase, group);
    return group;
  }

  #add(phrase: string, group: number): void {
    const words = phrase.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');
    const [first, ...rest] = words.map(hashOf);
    if (first === undefined) throw new Error(`a cue needs a word: ${phrase}`);
    enlist([first], CUE_START);
    const bucket = this.#phrases.get(first) ?? [];
    bucket.push({ rest, group, text: phrase });
    this.#phrases.set(first, bucket);
  }

  find(tokens: Tokens): Cues {
    const hits: CueHit[] = [];
    if ((tokens.lists & CUE_START) === 0) return new Cues(tokens, hits);
    const { count, hash, tail, marks } = tokens;
    for (let index = 0; index < count; index += 1) {
      if ((marks[index]! & CUE_START) !== 0) this.#match(tokens, index, hash[index]!, hits);
      if (tail[index] !== hash[index] && (marksOf(tail[index]!) & CUE_START) !== 0)
        this.#match(tokens, index, tail[index]!, hits);
    }
    return new Cues(tokens, hits);
  }

  /** The groups a JSON key or column header speaks for: `patient_ssn`, `dateOfBirth`. */
  ofKey(key: string): readonly CueHit[] {
    return this.find(this.#words.read(key.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2'))).hits;
  }

  #match(tokens: Tokens, index: number, first: number, hits: CueHit[]): void {
    for (const phrase of this.#phrases.get(first) ?? [])
      if (goesOn(tokens, index, phrase.rest))
        hits.push({ group: phrase.group, first: index, last: index + phrase.rest.length, text: phrase.text });
  }
}

/** True when the words stand behind the word, each near the one before. */
function goesOn(tokens: Tokens, index: number, words: readonly number[]): boolean {
  for (let step = 0; step < words.length; step += 1) {
    const next = index + 1 + step;
    if (tokens.hash[next] !== words[step] || next >= tokens.count || !near(tokens, next)) return false;
  }
  return true;
}

/** Words of one phrase stand at most three characters apart. */
function near(tokens: Tokens, index: number): boolean {
  return tokens.start[index]! - tokens.end[index - 1]! <= 3;
}

/** The cue phrases of one text, in order of their first word. */
export class Cues {
  constructor(
    readonly tokens: Tokens,
    readonly hits: readonly CueHit[],
  ) {}

  /** How far the nearest phrase of the group stands, in words; undefined when none stands near enough. */
  nearest(group: number, start: number, end: number): { readonly distance: number; readonly hit: CueHit } | undefined {
    if (this.hits.length === 0) return undefined;
    const first = tokenAt(this.tokens, start);
    const after = tokenAt(this.tokens, end - 1) + 1;
    let best: { distance: number; hit: CueHit } | undefined;
    for (let at = this.#from(first - WORDS_BEFORE - 4); at < this.hits.length; at += 1) {
      const hit = this.hits[at]!;
      if (hit.first >= after + WORDS_AFTER) break;
      if (hit.group !== group) continue;
      const distance = this.#distance(hit, first, after, start, end);
      if (distance !== undefined && (!best || distance < best.distance)) best = { distance, hit };
    }
    return best;
  }

  /** True when a phrase starts at the word. */
  at(index: number): boolean {
    return this.hits[this.#from(index)]?.first === index;
  }

  /** False when no phrase of any group stands near the word. */
  isNear(index: number): boolean {
    const hit = this.hits[this.#from(index - WORDS_BEFORE - 4)];
    return hit !== undefined && hit.first <= index + WORDS_AFTER + 8;
  }

  #from(token: number): number {
    let low = 0;
    let high = this.hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.hits[middle]!.first < token) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #distance(hit: CueHit, first: number, after: number, start: number, end: number): number | undefined {
    const { tokens } = this;
    if (hit.last < first) {
      const words = first - hit.last - 1;
      const characters = start - tokens.end[hit.last]!;
      if (words > WORDS_BEFORE || characters > CHARACTERS_BEFORE) return undefined;
      return words + (this.#broken(tokens.end[hit.last]!, start) ? 3 : 0);
    }
    if (hit.first >= after) {
      const characters = tokens.start[hit.first]! - end;
      if (characters > CHARACTERS_AFTER) return undefined;
      return this.#broken(end, tokens.start[hit.first]!) ? undefined : hit.first - after + 2;
    }
    return undefined;
  }

  #broken(from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) if (this.tokens.text.charCodeAt(at) === 0x0a) return true;
    return false;
  }
}
