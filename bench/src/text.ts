/** Prose for prompts: ordinary business English with a name here and a figure there, never twice the same. */
const words =
  'the a of and to in for on with by from at this that which when after before because while project report team plan review quarter customer contract delivery schedule budget market product service region supplier account meeting draft summary question answer result change risk cost value growth design system process order stock invoice training policy office group partner request support quality measure target figure table chapter section detail notice weather garden kitchen river mountain history language music school travel health winter summer morning evening explain compare describe write improve translate shorten check list consider prepare find show open close keep move build reach follow small large early late clear simple useful careful recent common general local public several many few next last new old good better short long'.split(
    ' ',
  );
const names = ['Anna Keller', 'James Wright', 'Maria Santos', 'Peter Novak', 'Ling Zhao', 'Omar Haddad'];

/** Deterministic (mulberry32), so that every gateway of one run gets the same texts. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** About `characters` characters of sentences; no quote or backslash stands in them, so they need no escape in JSON. */
export function prose(random: () => number, characters: number): string {
  let text = '';
  while (text.length < characters) {
    const length = 6 + Math.floor(random() * 12);
    const sentence: string[] = [];
    for (let at = 0; at < length; at += 1) sentence.push(words[Math.floor(random() * words.length)] ?? 'word');
    if (random() < 0.08) sentence.push('as', names[Math.floor(random() * names.length)] ?? '', 'wrote');
    if (random() < 0.15) sentence.push('in', String(1_990 + Math.floor(random() * 40)));
    const first = sentence[0] ?? '';
    text += `${first.charAt(0).toUpperCase()}${first.slice(1)} ${sentence.slice(1).join(' ')}. `;
  }
  return text.slice(0, characters);
}

/**
 * Endless new text at the price of a copy: a window of a large corpus, with a number of its own every two hundred characters,
 * so that no run of it was ever sent before.
 */
export class NewText {
  readonly #corpus: string;
  readonly #random: () => number;
  #count = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
    this.#corpus = prose(this.#random, 1_000_000);
  }

  take(characters: number): string {
    const from = Math.floor(this.#random() * (this.#corpus.length - characters));
    let text = '';
    for (let at = from; text.length < characters; at += 200) {
      this.#count += 1;
      text += `${this.#corpus.slice(at, at + 200)} no ${this.#count} `;
    }
    return text.slice(0, characters);
  }
}
