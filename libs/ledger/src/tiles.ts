import { concat } from './bytes.js';

/** C2SP tlog-tiles: 256 hashes or entries to a tile. */
export const tileWidth = 256;

/** `x001/x234/067`, and `.p/<width>` on the last tile when it is not full. */
export function tilePath(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === tileWidth ? path : `${path}.p/${width}`;
}

/** An entry bundle: each entry behind its big-endian uint16 length. Length 0 stands for a leaf that is absent. */
export function joinEntries(entries: readonly Uint8Array[]): Uint8Array {
  return concat(entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]));
}

/** Undefined when the bytes do not hold exactly `count` entries. */
export function splitEntries(bundle: Uint8Array, count: number): readonly Uint8Array[] | undefined {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    if (at + 2 > bundle.length) return undefined;
    const length = ((bundle[at] as number) << 8) | (bundle[at + 1] as number);
    if (at + 2 + length > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries.length === count ? entries : undefined;
}
