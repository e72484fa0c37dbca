/**
 * The image: one Int32Array, positions counted in words.
 *
 *   header  magic, schema, rules, slots, expressions, values, zone, and where each section starts
 *   slots   4 words each: kind and flags, where the name stands, its dictionary, where its value goes
 *   rules   4 words each: effect, flags and endpoint expression; code; tags; id
 *   code    3 words a condition: operation, answer-if-unknown and slot; operand; where to go when true and when false
 *   index   entries of [slot, threshold, candidates of each value …], and the rules that always run
 *   prose   [bytes][deflated JSON]: reasons, obligations and endpoint expressions, which no evaluation reads
 */
export const magic = 0x57504c32;

export const header = Object.freeze({
  magic: 0,
  schema: 1,
  rules: 2,
  slots: 3,
  expressions: 4,
  values: 5,
  zone: 6,
  slotsAt: 7,
  rulesAt: 8,
  codeAt: 9,
  indexAt: 10,
  indexEntries: 11,
  alwaysAt: 12,
  redactAt: 13,
  proseAt: 14,
  flags: 15,
  length: 16,
});

export const slotWords = 4;
export const ruleWords = 4;
export const leafWords = 3;

export const slotKind = Object.freeze({ text: 0, list: 1, integer: 2, presence: 3 });
export const slotFlag = Object.freeze({ residual: 4, data: 8, score: 16 });

export const operation = Object.freeze({ is: 0, in: 1, any: 2, subset: 3, range: 4, pair: 5, has: 6 });

/** Leaf, first word: operation in 3 bits, negated, answer-if-unknown, slot above. */
export const leafFlag = Object.freeze({ negated: 8, unknownIsTrue: 16, slotShift: 5 });

/** Jump targets, 16 bits each, relative to the rule's first leaf. */
export const target = Object.freeze({ yes: 0xffff, no: 0xfffe });

/** Rule, first word: effect in 3 bits, flags, endpoint expression plus one above. */
export const ruleFlag = Object.freeze({ never: 8, residual: 16, asks: 32, expressionShift: 8 });

export const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;
