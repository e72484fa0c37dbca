import type { ImageReader, SlotEntry } from './image-reader.js';
import { slotFlag, slotKind } from './layout.js';
import { type View, absent, saturate, unknown } from './read-fact.js';
import { lookUp } from './words.js';

/** States of a fact. Absent counts as unknown for every condition but `has`. */
export const state = Object.freeze({ unread: 0, known: 1, absent: 2, unknown: 3 });

/** Asked only by facts of rules that see what remains. */
export interface Redactions {
  redactedClasses(): ReadonlySet<string>;
}

/** Writes the value of one fact as integers, and answers its state. */
export function loadFact(
  reader: ImageReader,
  slot: SlotEntry,
  view: View,
  values: Int32Array,
  redactions: Redactions,
): number {
  const { kind, flags } = slot;
  if ((flags & slotFlag.score) !== 0) return loadScore(slot, view, values, redactions);
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
      values[slot.at] = lookUp(reader.words, slot.dictionary, fact);
      return state.known;
    default:
      if (typeof fact !== 'object') return state.unknown;
      loadList(
        reader,
        slot,
        (flags & slotFlag.residual) === 0 ? fact : remaining(fact, view, redactions.redactedClasses()),
        values,
      );
      return state.known;
  }
}

function loadList(reader: ImageReader, slot: SlotEntry, items: readonly string[], values: Int32Array): void {
  const { at, width, dictionary } = slot;
  for (let index = 0; index < width; index += 1) values[at + index] = 0;
  for (let index = 0; index < items.length; index += 1) {
    const number = lookUp(reader.words, dictionary, items[index] ?? '');
    const place = at + (number >> 5);
    values[place] = (values[place] ?? 0) | (1 << (number & 31));
  }
}

function loadScore(slot: SlotEntry, view: View, values: Int32Array, redactions: Redactions): number {
  const { data } = view.facts;
  if (data === undefined) return state.unknown;
  const residual = (slot.flags & slotFlag.residual) !== 0 && redactions.redactedClasses().has(slot.path);
  const score = saturate(scoreIn(residual ? data.residual : data.classes, slot.path));
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
