const opened = String.raw`<{1,2}|&lt;&lt;|%3C%3C|\\u003c\\u003c`;
const closed = String.raw`>{1,2}|&gt;&gt;|%3E%3E|\\u003e\\u003e`;
const opening = new RegExp(`^(?:${opened})`, 'i');
const closing = new RegExp(`(?:${closed})$`, 'i');

/** A token of one of these types, with everything that models do to it. */
function shapeOf(types: readonly string[]): RegExp {
  const names = types.toSorted((a, b) => b.length - a.length).map((type) => type.replaceAll('_', '[_ ]'));
  return new RegExp(
    `(?:(?:${opened})[ _]?|\\b)(${names.join('|')})(?:[_ -]([0-9a-f]{6,62}))?(?:[ _]?(?:${closed})|\\b)`,
    'gi',
  );
}

/**
 * Puts the values of this conversation back for its tokens. Tolerant of what models do to a token: case, inner blanks,
 * dropped brackets, escapes, and a dropped suffix where only one value of the type exists. A token that this
 * conversation did not issue is left alone.
 */
export class Restorer {
  readonly #bySuffix = new Map<string, string>();
  readonly #byType = new Map<string, string | undefined>();
  readonly #verbatim: readonly (readonly [string, string])[];
  /** Made when it is first asked for: most answers have no token to look for. */
  #shape: RegExp | undefined;

  constructor(restorations: ReadonlyMap<string, string>) {
    const verbatim: (readonly [string, string])[] = [];
    for (const [token, value] of restorations) {
      const parts = /^<<(.+)_([0-9a-f]+)>>$/.exec(token);
      if (!parts) {
        verbatim.push([token, value]);
        continue;
      }
      const [, type, suffix] = parts;
      this.#bySuffix.set(keyOf(type!, suffix!), value);
      this.#byType.set(type!, this.#byType.has(type!) && this.#byType.get(type!) !== value ? undefined : value);
    }
    this.#verbatim = verbatim.toSorted((a, b) => b[0].length - a[0].length);
  }

  get isEmpty(): boolean {
    return this.#bySuffix.size === 0 && this.#verbatim.length === 0;
  }

  /** `escape` fits the value to where it goes: into JSON text, or nowhere in particular. */
  restore(text: string, escape: (value: string) => string): string {
    if (this.isEmpty) return text;
    let restored = text;
    if (this.#bySuffix.size > 0)
      restored = restored.replaceAll(this.#tokens(), (whole: string, type: string, suffix: string | undefined) =>
        this.#value(whole, type, suffix, escape),
      );
    for (const [surrogate, value] of this.#verbatim) restored = restored.replaceAll(surrogate, escape(value));
    return restored;
  }

  /** Where a token or surrogate that is not complete yet begins in the text's tail; the text's length when none does. */
  openFrom(text: string): number {
    if (this.isEmpty) return text.length;
    const tail = Math.max(0, text.length - 96);
    const bracket = text.lastIndexOf('<<');
    let open = bracket >= tail && !text.slice(bracket).includes('>>') ? bracket : text.length;
    if (text.endsWith('<')) open = Math.min(open, text.length - 1);
    for (const [surrogate] of this.#verbatim) {
      for (let size = Math.min(surrogate.length - 1, text.length); size > 0; size -= 1) {
        if (!text.endsWith(surrogate.slice(0, size))) continue;
        open = Math.min(open, text.length - size);
        break;
      }
    }
    return open;
  }

  /** The cut itself, or the start of the token that it would divide. */
  notInside(text: string, cut: number): number {
    if (this.isEmpty) return cut;
    const from = Math.max(0, cut - 160);
    const around = text.slice(from, cut + 160);
    let found = cut;
    const spans =
      this.#bySuffix.size > 0
        ? [...around.matchAll(this.#tokens())].map((match) => [match.index, match[0].length] as const)
        : [];
    for (const [surrogate] of this.#verbatim) {
      const at = around.lastIndexOf(surrogate, cut - from);
      if (at !== -1) spans.push([at, surrogate.length]);
    }
    for (const [at, length] of spans) if (from + at < found && from + at + length > found) found = from + at;
    return found;
  }

  #tokens(): RegExp {
    this.#shape ??= shapeOf([...this.#byType.keys()]);
    return this.#shape;
  }

  #value(whole: string, type: string, suffix: string | undefined, escape: (value: string) => string): string {
    const name = type.toUpperCase().replaceAll(' ', '_');
    if (suffix !== undefined) {
      const value = this.#bySuffix.get(keyOf(name, suffix.toLowerCase()));
      return value === undefined ? whole : escape(value);
    }
    const value = opening.test(whole) && closing.test(whole) ? this.#byType.get(name) : undefined;
    return value === undefined ? whole : escape(value);
  }
}

function keyOf(type: string, suffix: string): string {
  return `${type}_${suffix}`;
}

export function jsonEscape(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
