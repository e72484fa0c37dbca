import { readFileSync } from 'node:fs';
import { BUCKETS, labels } from './features.js';

let held: Int8Array | undefined;

/** The tagger's weights, committed with the code; `model/names.json` says how they were made. Read once. */
export function weights(): Int8Array {
  if (held) return held;
  const bytes = readFileSync(new URL('../../model/names.bin', import.meta.url));
  if (bytes.length !== BUCKETS * labels.length) throw new Error('model/names.bin does not fit this engine');
  held = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return held;
}
