import { readFileSync } from 'node:fs';
import { BUCKETS, labels } from './features.js';

/** Added to every weight, so that none is below zero. */
const BIAS = 128;
/** Four weights of a byte each stand in one number, so that a feature's weights lie in one line of the cache. */
export const PACKED = 2;

let held: Int32Array | undefined;

/**
 * The tagger's weights, committed with the code; `model/names.json` says how they were made. Read once. A bucket's weights
 * of labels 0 to 3 stand in its first number from the lowest byte up, those of labels 4 to 6 in its second.
 */
export function weights(): Int32Array {
  if (held) return held;
  const bytes = readFileSync(new URL('../../model/names.bin', import.meta.url));
  if (bytes.length !== BUCKETS * labels.length) throw new Error('model/names.bin does not fit this engine');
  held = new Int32Array(BUCKETS * PACKED);
  for (let at = 0; at < bytes.length; at += 1) {
    const label = at % labels.length;
    const biased = bytes.readInt8(at) + BIAS;
    held[((at - label) / labels.length) * PACKED + (label >> 2)]! |= biased << ((label & 3) * 8);
  }
  return held;
}
