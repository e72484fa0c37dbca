import { policyLimits } from './limits.js';

/** A complaint about a document, with its position; lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

/** Stable: tools and documents refer to these. */
export type DiagnosticCode =
  | 'E_YAML'
  | 'E_LIMIT'
  | 'E_DEPTH'
  | 'E_ANCHOR'
  | 'E_KEY'
  | 'E_MISSING'
  | 'E_DUPLICATE'
  | 'E_ENUM'
  | 'E_TYPE'
  | 'E_ATTR'
  | 'E_CLASS'
  | 'E_SET'
  | 'E_TAG'
  | 'E_FUNCTION'
  | 'E_SCOPE'
  | 'E_GUARD'
  | 'E_SYNTAX'
  | 'W_ASSERTED'
  | 'W_NEVER';

/** Collects complaints by offset into the source; ordered and given lines and columns at the end. */
export class Complaints {
  readonly #found: { offset: number; diagnostic: Omit<Diagnostic, 'line' | 'column'> }[] = [];
  readonly #source: string;
  #errors = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** True once no further complaint is kept, so that none need be worded. */
  get isFull(): boolean {
    return this.#found.length >= policyLimits.diagnostics;
  }

  get errors(): number {
    return this.#errors;
  }

  error(offset: number, code: DiagnosticCode, message: string, hint?: string): void {
    this.#errors += 1;
    this.#add(offset, { severity: 'error', code, message, ...(hint === undefined ? {} : { hint }) });
  }

  warn(offset: number, code: DiagnosticCode, message: string, hint?: string): void {
    this.#add(offset, { severity: 'warning', code, message, ...(hint === undefined ? {} : { hint }) });
  }

  #add(offset: number, diagnostic: Omit<Diagnostic, 'line' | 'column'>): void {
    if (this.#found.length < policyLimits.diagnostics) this.#found.push({ offset, diagnostic });
  }

  lineOf(offset: number): number {
    return positionOf(lineStarts(this.#source), offset).line;
  }

  list(): readonly Diagnostic[] {
    const starts = lineStarts(this.#source);
    return this.#found
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, diagnostic }) => {
        const { line, column } = positionOf(starts, offset);
        return { ...diagnostic, line, column };
      });
  }
}

function lineStarts(source: string): readonly number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function positionOf(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** `bad.yaml:7:13 error E_ENUM unknown effect …`, as compilers print. */
export function formatDiagnostic(file: string, found: Diagnostic): string {
  const hint = found.hint === undefined ? '' : ` (${found.hint})`;
  return `${file}:${found.line}:${found.column} ${found.severity} ${found.code} ${found.message}${hint}`;
}

/** The nearest known word, when it is near enough to have been meant. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 4)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? undefined : `did you mean '${best}'?`;
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
