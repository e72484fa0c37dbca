import type { Candidate } from '../detect/rule.js';

/** Another way to read a stretch of the text, with the way back. */
export interface View {
  readonly name: string;
  readonly text: string;
  /** For each unit of `text`, and its end, the offset in the outer text. */
  readonly map: Int32Array;
  /** The whole run stands for its content: a finding inside covers the run. */
  readonly whole?: { readonly start: number; readonly end: number };
  /** What was made of a run, from and to which offset of `text`; what stands around is the outer text as it is. */
  readonly core?: readonly [number, number];
}

const ROOM = 256;

/** Collects a view unit by unit. */
export class ViewBuilder {
  #codes = new Uint16Array(ROOM);
  #map = new Int32Array(ROOM);
  #length = 0;
  #bits = 0;

  get length(): number {
    return this.#length;
  }

  add(text: string, from: number): void {
    for (let at = 0; at < text.length; at += 1) this.addCode(text.charCodeAt(at), from);
  }

  addCode(code: number, from: number): void {
    // The end of the view takes one more place of the map.
    if (this.#length + 1 >= this.#codes.length) this.#grow();
    this.#codes[this.#length] = code;
    this.#map[this.#length] = from;
    this.#bits |= code;
    this.#length += 1;
  }

  /** The characters of the outer text from and to the offsets, as they stand. */
  copy(text: string, from: number, to: number): void {
    for (let at = from; at < to; at += 1) this.addCode(text.charCodeAt(at), at);
  }

  build(name: string, end: number, core?: readonly [number, number]): View {
    this.#map[this.#length] = end;
    const map = this.#map.slice(0, this.#length + 1);
    return { name, text: this.#text(), map, ...(core ? { core } : {}) };
  }

  #text(): string {
    const codes = this.#codes.subarray(0, this.#length);
    if (this.#bits < 0x100) return Buffer.from(codes).toString('latin1');
    return Buffer.from(codes.buffer, 0, this.#length * 2).toString('utf16le');
  }

  #grow(): void {
    const [codes, map] = [this.#codes, this.#map];
    this.#codes = new Uint16Array(codes.length * 2);
    this.#map = new Int32Array(map.length * 2);
    this.#codes.set(codes);
    this.#map.set(map);
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
