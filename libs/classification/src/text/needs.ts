import { type Need, packNeed } from './grams.js';

/** Shorter literals rule nothing out. */
const LEAST = 3;
/** Alternatives that are written out together; beyond, they count as two needs one behind the other. */
const MOST = 256;
/** Of a long literal its beginning tells enough. */
const LONGEST = 14;
/** So much of it is asked for: what is shorter is shared by more literals of a clause. */
const ASKED = 8;

/** What a piece of an expression matches: its exact texts while they are few, and clauses of which one text must occur. */
interface Piece {
  readonly exact: readonly string[] | undefined;
  readonly clauses: readonly (readonly string[])[];
  /** With one of these it begins. */
  readonly heads: readonly string[];
  /** True when it begins with `\b`. */
  readonly isBounded: boolean;
}

const nothing: Piece = { exact: [''], clauses: [], heads: [''], isBounded: false };
const boundary: Piece = { ...nothing, isBounded: true };
const anything: Piece = { exact: undefined, clauses: [], heads: [''], isBounded: false };

/**
 * The literals without which an expression cannot match, read off its source: every clause needs one of its literals.
 * It is a necessary condition and never more, so an expression that is skipped for it would have found nothing. What
 * the reader does not know (a class, a back-reference, what is looked ahead for) it takes for anything at all.
 */
export function needOf(pattern: RegExp): Need {
  const { exact, clauses } = read(pattern);
  const needed = useful(exact ? [...clauses, exact] : clauses).map((clause) => shortest(clause));
  // What rules out most is asked first: the clause of the fewest literals.
  needed.sort((a, b) => a.length - b.length);
  return packNeed(needed);
}

/**
 * The beginnings, in small letters and of at least two, of all that an expression matches when each begins a word (`\b`,
 * and a letter of ASCII behind it); undefined when some match may begin otherwise.
 */
export function wordHeadsOf(pattern: RegExp): readonly string[] | undefined {
  const { heads, isBounded } = read(pattern);
  return isBounded && heads.every((head) => /^[A-Za-z]./.test(head))
    ? heads.map((head) => head.toLowerCase())
    : undefined;
}

/** Both questions are asked of the same expressions. */
const known = new WeakMap<RegExp, Piece>();

function read(pattern: RegExp): Piece {
  const { source } = pattern;
  const before = known.get(pattern);
  if (before) return before;
  const reader = new Reader(source);
  const piece = reader.alternatives();
  if (!reader.done) throw new Error(`not an expression this reader understands: ${source.slice(0, 80)}`);
  known.set(pattern, piece);
  return piece;
}

function useful(clauses: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return clauses.filter((clause) => clause.every((text) => text.length >= LEAST));
}

/** A literal that begins as another one of its clause adds nothing. */
function shortest(clause: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const text of [...new Set(clause.map((each) => each.slice(0, ASKED)))].toSorted()) {
    const last = kept.at(-1);
    if (last === undefined || !text.startsWith(last)) kept.push(text);
  }
  return kept;
}

class Reader {
  #at = 0;

  constructor(readonly source: string) {}

  get done(): boolean {
    return this.#at === this.source.length;
  }

  alternatives(): Piece {
    const branches = [this.#row()];
    while (this.source[this.#at] === '|') {
      this.#at += 1;
      branches.push(this.#row());
    }
    if (branches.length === 1) return branches[0]!;
    const exact = branches.flatMap((branch) => branch.exact ?? []);
    const heads = branches.flatMap((branch) => branch.heads);
    const isBounded = branches.every((branch) => branch.isBounded);
    if (branches.every((branch) => branch.exact) && exact.length <= MOST)
      return { exact, clauses: [], heads, isBounded };
    const picked = branches.map((branch) => best(branch));
    const clauses = picked.every((each) => each) ? [picked.flatMap((each) => each!)] : [];
    return { exact: undefined, clauses, heads, isBounded };
  }

  #row(): Piece {
    let run: readonly string[] = [''];
    let heads: readonly string[] | undefined;
    let isBounded: boolean | undefined;
    const clauses: (readonly string[])[] = [];
    const flush = (next: readonly string[]): void => {
      clauses.push(run);
      heads ??= run;
      run = next;
    };
    while (this.#at < this.source.length && !'|)'.includes(this.source[this.#at]!)) {
      const atom = this.#atom();
      const [least, most] = this.#count();
      isBounded ??= atom.isBounded && least > 0;
      if (least === 0) {
        if (atom.exact && most === 1 && run.length * (atom.exact.length + 1) <= MOST)
          run = joined(run, ['', ...atom.exact]);
        else flush(['']);
        continue;
      }
      clauses.push(...atom.clauses);
      if (!atom.exact) {
        heads ??= joined(run, atom.heads);
        flush(['']);
      } else if (run.length * atom.exact.length > MOST) flush(atom.exact);
      else run = joined(run, atom.exact);
      if (most > 1) flush(atom.exact ?? ['']);
    }
    return heads
      ? { exact: undefined, clauses: [...clauses, run], heads, isBounded: isBounded === true }
      : { exact: run, clauses, heads: run, isBounded: isBounded === true };
  }

  #count(): readonly [number, number] {
    const match = /^(?:([?*+])|\{(\d+)(,?)(\d*)\})\??/.exec(this.source.slice(this.#at, this.#at + 16));
    if (!match) return [1, 1];
    this.#at += match[0].length;
    if (match[1] !== undefined) return [match[1] === '+' ? 1 : 0, match[1] === '?' ? 1 : Number.POSITIVE_INFINITY];
    const least = Number(match[2]);
    return [least, match[3] === '' ? least : match[4] === '' ? Number.POSITIVE_INFINITY : Number(match[4])];
  }

  #atom(): Piece {
    const sign = this.source[this.#at]!;
    if (sign === '(') return this.#group();
    if (sign === '[') return this.#class();
    if (sign === '\\') return this.#escape();
    this.#at += 1;
    if (sign === '^' || sign === '$') return nothing;
    return sign === '.' ? anything : literal(sign);
  }

  #group(): Piece {
    const opening = /^\((?:\?(?:[:]|<?[=!]|<[A-Za-z]\w*>))?/.exec(this.source.slice(this.#at, this.#at + 40))![0];
    this.#at += opening.length;
    const inner = this.alternatives();
    if (this.source[this.#at] !== ')') throw new Error(`unclosed group: ${this.source.slice(0, 80)}`);
    this.#at += 1;
    return /[=!]$/.test(opening) ? nothing : inner;
  }

  #class(): Piece {
    const from = this.#at + 1;
    let at = from;
    while (this.source[at] !== ']') at += this.source[at] === '\\' ? 2 : 1;
    this.#at = at + 1;
    const inside = this.source.slice(from, at);
    if (inside === '0-9' || inside === String.raw`\d`) return literal('0');
    return /^[^\\^-][^\\-]{0,5}-?$|^-[^\\-]{0,4}$/.test(inside) ? literals(Array.from(inside)) : anything;
  }

  #escape(): Piece {
    const escape = /^\\(?:[pP]\{[^}]*\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|k<\w+>|[1-9]|[^])/.exec(
      this.source.slice(this.#at, this.#at + 40),
    )![0];
    this.#at += escape.length;
    if (escape === String.raw`\b`) return boundary;
    if (escape === String.raw`\B`) return nothing;
    if (escape === String.raw`\d`) return literal('0');
    if (escape === String.raw`\n` || escape === String.raw`\t` || escape === String.raw`\r`) return literal('\n');
    return /^\\[^A-Za-z0-9]$/.test(escape) ? literal(escape[1]!) : anything;
  }
}

function literal(sign: string): Piece {
  return literals([sign]);
}

function literals(exact: readonly string[]): Piece {
  return { exact, clauses: [], heads: exact, isBounded: false };
}

function joined(heads: readonly string[], tails: readonly string[]): readonly string[] {
  return heads.flatMap((head) => tails.map((tail) => (head.length > LONGEST ? head : head + tail)));
}

function shortestOf(clause: readonly string[]): number {
  return Math.min(...clause.map((each) => each.length));
}

/** The clause that rules out most: the one whose shortest literal is longest. */
function best({ exact, clauses }: Piece): readonly string[] | undefined {
  return useful(exact ? [...clauses, exact] : clauses).reduce<readonly string[] | undefined>(
    (found, clause) => (found && shortestOf(found) >= shortestOf(clause) ? found : clause),
    undefined,
  );
}
