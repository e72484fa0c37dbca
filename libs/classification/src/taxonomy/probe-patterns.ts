import type { TaxonomySource } from '@writ/domain';
import { RE2JS } from 're2js';

/** Each hostile text is this long; the bound is per 100 KB of it. */
const LENGTH = 8 * 1024;
const BOUND_MS = 50;
const ROUNDS = 2;

/** What makes automata slow: one sign again and again, every sign of a set, digits, blanks, and near misses. */
const hostile: readonly string[] = [
  'a'.repeat(LENGTH),
  'ab'.repeat(LENGTH / 2),
  '0123456789'.repeat(LENGTH / 10),
  ' '.repeat(LENGTH),
  mixed('abz019 -_.', 7),
  mixed('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@.-', 11),
];

/**
 * The time probe of admission: patterns that take more than 50 ms for 100 KB of some hostile text, each with its reason.
 * Linear time is not enough: an automaton of many states is linear, and slow. `cpuMs` is the caller's clock of processor
 * time, for this library keeps none; the better of two rounds counts.
 */
export function slowPatterns(patterns: TaxonomySource['patterns'], cpuMs: () => number): readonly string[] {
  return patterns.flatMap(({ name, pattern }) => {
    const regex = RE2JS.compile(pattern);
    const worst = Math.max(...hostile.map((text) => timeOf(regex, text, cpuMs)));
    const per100KB = (worst / LENGTH) * 100 * 1024;
    return per100KB <= BOUND_MS
      ? []
      : [
          `pattern ${name}: takes ${Math.round(per100KB)} ms for 100 KB of hostile text, at most ${BOUND_MS}; make it simpler`,
        ];
  });
}

function timeOf(regex: RE2JS, text: string, cpuMs: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = cpuMs();
    const matcher = regex.matcher(text);
    let matches = 0;
    while (matches < 1_000 && matcher.find()) matches += 1;
    best = Math.min(best, cpuMs() - from);
  }
  return best;
}

function mixed(signs: string, seed: number): string {
  let state = seed;
  let text = '';
  while (text.length < LENGTH) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    text += signs[(state >> 8) % signs.length]!;
  }
  return text;
}
