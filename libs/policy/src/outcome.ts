import { policyLimits } from './limits.js';

/**
 * What one policy says for one subject, before layers and delegations are joined. Bits run over the rules and over the
 * endpoints, in their order.
 */
export interface Outcome {
  readonly matched: Int32Array;
  /** Denials that matched, and that a matching override lifted. */
  readonly lifted: Int32Array;
  readonly permitted: Int32Array;
  readonly authorized: Int32Array;
  /** For each matched redaction with `endpoints` of its own: the endpoints in question. */
  inQuestion: ReadonlyMap<number, Int32Array> | undefined;
  /** True when a fact that was read is unknown, absent or unfinished; true as well where nobody kept account. */
  sawUnknown: boolean;
}

const ruleWords = (policyLimits.rules + 31) >> 5;

export function anOutcome(endpointWords: number): Outcome {
  return {
    matched: new Int32Array(ruleWords),
    lifted: new Int32Array(ruleWords),
    permitted: new Int32Array(endpointWords),
    authorized: new Int32Array(endpointWords),
    inQuestion: undefined,
    sawUnknown: true,
  };
}

export function hasBit(bits: Int32Array, index: number): boolean {
  return (((bits[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

export function setBit(bits: Int32Array, index: number): void {
  bits[index >> 5] = (bits[index >> 5] ?? 0) | (1 << (index & 31));
}

export function isEmpty(bits: Int32Array, words: number): boolean {
  for (let index = 0; index < words; index += 1) if (bits[index] !== 0) return false;
  return true;
}

/** The indexes of the set bits, rising. */
export function indexesOf(bits: Int32Array): number[] {
  const indexes: number[] = [];
  for (let block = 0; block < bits.length; block += 1) {
    let rest = bits[block] ?? 0;
    while (rest !== 0) {
      indexes.push(block * 32 + 31 - Math.clz32(rest & -rest));
      rest &= rest - 1;
    }
  }
  return indexes;
}
