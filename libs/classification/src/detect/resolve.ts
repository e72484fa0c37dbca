import { type Candidate, Span } from './rule.js';

/**
 * One winner for each stretch of text: the stronger proof, then the longer span, then the score. Same-span losers of
 * another type become the winner's `alternatives`.
 */
export function resolveOverlaps(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const ranked = candidates
    .map((candidate) => ({ candidate, rank: weight(candidate), size: candidate.end - candidate.start }))
    .toSorted((a, b) => b.rank - a.rank || b.size - a.size || a.candidate.start - b.candidate.start);
  const kept: Span[] = [];
  const taken: Interval[] = [];
  for (const { candidate } of ranked) {
    const over = overlapping(taken, candidate);
    if (!over) {
      const winner = new Span(candidate);
      kept.push(winner);
      insert(taken, winner);
    } else if (over.start === candidate.start && over.end === candidate.end && over.type !== candidate.type) {
      if (!over.alternatives.includes(candidate.type)) over.alternatives = [...over.alternatives, candidate.type];
    } else if (isTagged(candidate)) {
      const rest = remainder(candidate, over);
      if (rest && !overlapping(taken, rest)) {
        kept.push(rest);
        insert(taken, rest);
      }
    }
  }
  return kept.toSorted((a, b) => a.start - b.start || a.end - b.end);
}

type Interval = Span;

/** Score first in coarse steps, so that a certain number inside an uncertain name wins, then proof, then length. */
function weight(candidate: Candidate): number {
  const tagged = isTagged(candidate) ? (isAnnounced(candidate) ? 200 : 350) : 0;
  const secret = candidate.class === 'SECRET' && candidate.strength === 3 ? 200 : 0;
  const size = Math.min(120, candidate.end - candidate.start);
  return candidate.score + candidate.strength * 60 + size + secret - tagged - (candidate.penalty ?? 0);
}

/** By the tagger of names, whose spans may run into a number beside them. */
function isTagged(candidate: Candidate): boolean {
  return candidate.detector.startsWith('names:');
}

/** Behind a title or a key, or by a list; surer than the tagger of what stands there. */
function isAnnounced(candidate: Candidate): boolean {
  return sure.has(candidate.detector);
}

const sure = new Set(['names:titled', 'names:keyed', 'names:city', 'names:short']);

/** What is left of a tagged span in front of (or else behind) the finding that won. */
function remainder(candidate: Candidate, over: Candidate): Span | undefined {
  const before = over.start - candidate.start;
  const after = candidate.end - over.end;
  const head = before >= after;
  const words = head
    ? candidate.normal.slice(0, Math.max(0, before))
    : candidate.normal.slice(candidate.normal.length - Math.max(0, after));
  const text = words.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  if (text.length < 3 || !/\p{L}{2}/u.test(text)) return undefined;
  const start = head ? candidate.start : candidate.end - words.length + words.indexOf(text);
  return new Span({ ...candidate, start, end: start + text.length, normal: text });
}

function position(taken: readonly Interval[], start: number): number {
  let low = 0;
  let high = taken.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (taken[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function overlapping(taken: readonly Interval[], candidate: Candidate): Interval | undefined {
  const at = position(taken, candidate.start);
  const after = taken[at];
  if (after && after.start < candidate.end) return after;
  const before = taken[at - 1];
  return before && before.end > candidate.start ? before : undefined;
}

function insert(taken: Interval[], winner: Interval): void {
  taken.splice(position(taken, winner.start), 0, winner);
}
