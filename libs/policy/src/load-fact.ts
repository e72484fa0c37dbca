import type { ImageReader, SlotEntry } from './image-reader.js';
import { slotFlag, slotKind } from './layout.js';
import { type View, absent, saturate, unknown } from './read-fact.js';

/** States of a fact. Absent counts as unknown for every condition but `has`. */
export const state = Object.freeze({ unread: 0, known: 1, absent: 2, unknown: 3 });

/** Asked only by facts of rules that see what remains. */
export interface Redactions {
  redactedClasses(): ReadonlySet<string>;
}

/** Writes the value of one fact as integers, and answers its state. */
export function loadFact(slot: SlotEntry, view: View, values: Int32Array, redactions: Redactions): number {
  const { kind, flags } = slot;
  if ((flags & slotFlag.score) !== 0) return loadResidualScore(slot, view, values, redactions);
  const fact = slot.read(view);
  if (fact === unknown) return state.unknown;
  if (fact === absent) return state.absent;
  switch (kind) {
    case slotKind.presence:
      return state.known;
    case slotKind.integer:
      if (typeof fact !== 'number') return state.unknown;
      values[slot.at] = fact;
      return state.known;
    case slotKind.text:
      if (typeof fact !== 'string') return state.unknown;
      values[slot.at] = numberIn(slot, fact);
      return state.known;
    default:
      if (typeof fact !== 'object') return state.unknown;
      loadList(
        slot,
        (flags & slotFlag.residual) === 0 ? fact : remaining(fact, view, redactions.redactedClasses()),
        values,
      );
      return state.known;
  }
}

function numberIn({ dictionary }: SlotEntry, text: string): number {
  if (dictionary === undefined) throw new RangeError('a fact of the image has no texts');
  return dictionary.numberOf(text);
}

function loadList(slot: SlotEntry, items: readonly string[], values: Int32Array): void {
  const { at, width } = slot;
  for (let index = 0; index < width; index += 1) values[at + index] = 0;
  for (let index = 0; index < items.length; index += 1) {
    const number = numberIn(slot, items[index] ?? '');
    const place = at + (number >> 5);
    values[place] = (values[place] ?? 0) | (1 << (number & 31));
  }
}

/**
 * Writes the scores of all classes at once, and their states: a request has few classes, and to look for each class that
 * the policy mentions costs far more than to go through those. Answers whether any of them is unknown.
 */
export function loadScores(reader: ImageReader, view: View, values: Int32Array, states: Uint8Array): boolean {
  const { scores, scoreSlots, slots } = reader;
  const { data } = view.facts;
  for (let next = 0; next < scoreSlots.length; next += 2) {
    states[scoreSlots[next] ?? -1] = data === undefined ? state.unknown : state.known;
    values[scoreSlots[next + 1] ?? -1] = 0;
  }
  if (data === undefined) return true;
  let isUnsure = false;
  for (const name of Object.keys(data.classes)) {
    const index = scores.get(name);
    if (index === undefined) continue;
    const score = saturate(scoreIn(data.classes, name));
    if (score === unknown) {
      states[index] = state.unknown;
      isUnsure = true;
    } else values[slots[index]?.at ?? -1] = score;
  }
  return isUnsure;
}

function loadResidualScore(slot: SlotEntry, view: View, values: Int32Array, redactions: Redactions): number {
  const { data } = view.facts;
  if (data === undefined) return state.unknown;
  const score = saturate(
    scoreIn(redactions.redactedClasses().has(slot.path) ? data.residual : data.classes, slot.path),
  );
  if (score === unknown) return state.unknown;
  values[slot.at] = score;
  return state.known;
}

/** A member that is no number, such as one inherited from the prototype, is no score. */
function scoreIn(scores: Readonly<Record<string, number>>, name: string): number {
  const score: unknown = scores[name];
  return typeof score === 'number' ? score : 0;
}

function remaining(classes: readonly string[], view: View, redacted: ReadonlySet<string>): readonly string[] {
  const residual = view.facts.data?.residual ?? {};
  return classes.filter((name) => !redacted.has(name) || scoreIn(residual, name) > 0);
}
