/** One vendor's credential as data: what it starts with and how it goes on. From the vendors' public format pages. */
export interface SecretFormat {
  readonly type: string;
  /** Literal beginnings, at least two characters each; the index is made of them. */
  readonly starts: readonly string[];
  /** The whole value, anchored at its start. Bounded. */
  readonly pattern: RegExp;
  readonly score?: number;
  /** Least Shannon entropy in bits a character of what follows the beginning. */
  readonly entropy?: number;
  /** Words of which one must stand beside it, for formats without a telling beginning. */
  readonly cues?: readonly string[];
}

/** Bits a character. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

const placeholder =
  /x{6,}|\*{3,}|\.{3,}|(.)\1{7,}|example|placeholder|redacted|your[-_ ]|changeme|change_me|dummy|insert[-_]|replace[-_]|sample|<[^>]*>|\$\{|\{\{|12345678|abcdefgh|fake|todo|deadbeef/i;

export function isPlaceholder(value: string): boolean {
  return placeholder.test(value);
}
