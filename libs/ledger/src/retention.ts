import type { EventRecord } from './record.js';

/** A legal hold on a range of a log's indices, as its records say. */
export interface Hold {
  readonly hold: string;
  readonly from: number;
  readonly to: number;
  readonly releasedAt?: number;
}

/** Records of one retention class between two indices, all older than the class keeps. */
export interface ExpiredRange {
  readonly from: number;
  readonly to: number;
  readonly keep: string;
}

/** How long a class keeps its records, in days; `y6` is six years. */
export function keptDays(keep: string): number | undefined {
  const match = /^([dmy])([1-9][0-9]{0,3})$/.exec(keep);
  if (!match) return undefined;
  const days = { d: 1, m: 31, y: 366 }[match[1] as 'd' | 'm' | 'y'];
  return days * Number(match[2]);
}

/** An unknown class never expires: nothing is deleted on a misspelling. */
export function isExpired(keep: string, committedAt: number, nowMs: number): boolean {
  const days = keptDays(keep);
  return days !== undefined && nowMs - committedAt > days * 24 * 60 * 60 * 1000;
}

/** What of an expired range may go: a hold keeps what it covers, whatever else is asked. */
export function prunable(range: ExpiredRange, holds: readonly Hold[]): readonly ExpiredRange[] {
  const active = holds
    .filter(({ releasedAt, to, from }) => releasedAt === undefined && from < range.to && range.from < to)
    .toSorted((left, right) => left.from - right.from);
  const free: ExpiredRange[] = [];
  let start = range.from;
  for (const { from, to } of active) {
    if (from > start) free.push({ ...range, from: start, to: from });
    start = Math.max(start, to);
  }
  if (start < range.to) free.push({ ...range, from: start });
  return free;
}

/** The order that must be in the log before the payloads of a range go: the verifier looks for exactly this. */
export function pruneOrder(range: ExpiredRange): Pick<EventRecord, 'name' | 'fields'> {
  return { name: 'retention.prune', fields: { from: range.from, to: range.to, keep: range.keep } };
}

export function holdPlaced(hold: Hold, matter: string): Pick<EventRecord, 'name' | 'fields'> {
  return { name: 'hold.placed', fields: { hold: hold.hold, from: hold.from, to: hold.to, matter } };
}

export function holdReleased(hold: string): Pick<EventRecord, 'name' | 'fields'> {
  return { name: 'hold.released', fields: { hold } };
}

/**
 * An erasure destroys the keys of a subject's sealed content; leaves and proofs stay. It is refused while a hold or a
 * legal duty covers any of the records, and needs two people: the one who asks is never the one who orders.
 */
export type ErasureRefusal = 'on-hold' | 'legal-duty' | 'one-person';

export function refusesErasure(
  order: { readonly requestedBy: string; readonly orderedBy: string; readonly indices: readonly number[] },
  holds: readonly Hold[],
  isUnderLegalDuty: (index: number) => boolean,
): ErasureRefusal | undefined {
  if (order.requestedBy === order.orderedBy) return 'one-person';
  const isHeld = order.indices.some((index) =>
    holds.some(({ from, to, releasedAt }) => releasedAt === undefined && from <= index && index < to),
  );
  if (isHeld) return 'on-hold';
  return order.indices.some(isUnderLegalDuty) ? 'legal-duty' : undefined;
}

export function erasureExecuted(subjectRef: string, records: number): Pick<EventRecord, 'name' | 'fields'> {
  return { name: 'erasure.executed', fields: { subject_ref: subjectRef, records } };
}
