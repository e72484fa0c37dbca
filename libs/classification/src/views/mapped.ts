import type { Candidate } from '../detect/rule.js';

/** Another way to read a stretch of the text, with the way back. */
export interface View {
  readonly name: string;
  readonly text: string;
  /** For each unit of `text`, and its end, the offset in the outer text. */
  readonly map: Int32Array;
  /** The whole run stands for its content: a finding inside covers the run. */
  readonly whole?: { readonly start: number; readonly end: number };
}

/** Collects a view unit by unit. */
export class ViewBuilder {
  readonly #pieces: string[] = [];
  readonly #map: number[] = [];

  add(text: string, from: number): void {
    this.#pieces.push(text);
    for (let at = 0; at < text.length; at += 1) this.#map.push(from);
  }

  build(name: string, end: number): View {
    return { name, text: this.#pieces.join(''), map: Int32Array.from([...this.#map, end]) };
  }
}

/** What evasion costs in confidence; the finding says through which view it came, and policy may take it as worse. */
const COST = 50;

/** A finding of a view, on the outer text's offsets. */
export function outwards(found: Candidate, view: View): Candidate {
  // In a reversed view the first character stands last.
  const [first, last] = [view.map[found.start]!, view.map[found.end - 1]!];
  const start = view.whole ? view.whole.start : Math.min(first, last);
  const end = view.whole ? view.whole.end : Math.max(first, last) + 1;
  return {
    ...found,
    start,
    end: view.whole ? end : Math.max(end, view.map[found.end]! <= end + 12 ? view.map[found.end]! : end),
    score: Math.max(0, found.score - COST),
    via: [view.name, ...found.via],
    steps: [...found.steps, `through ${view.name}: -${COST}`],
  };
}
