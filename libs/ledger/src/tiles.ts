/** C2SP tlog-tiles: 256 hashes or entries to a tile. */
export const tileWidth = 256;

/** `x001/x234/067`, and `.p/<width>` on the last tile when it is not full. */
export function tilePath(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === tileWidth ? path : `${path}.p/${width}`;
}

/** Above this many bytes of one tile, sealed content is written record by record, so that no file outgrows memory. */
export const sealedTileBytes: number = 16 * 1024 * 1024;

/** An entry bundle: each entry behind its big-endian uint16 length. Length 0 stands for a leaf that is absent. */
export function joinEntries(entries: readonly Uint8Array[]): Uint8Array {
  return join(entries, 2);
}

/** Undefined when the bytes do not hold exactly `count` entries. */
export function splitEntries(bundle: Uint8Array, count: number): readonly Uint8Array[] | undefined {
  return split(bundle, count, 2);
}

/** The sealed parts of a tile: each behind its big-endian uint32 length. Length 0 stands for a record without one here. */
export function joinSealed(parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  return join(
    parts.map((part) => part ?? new Uint8Array()),
    4,
  );
}

/** Undefined when the bytes do not hold exactly `count` parts. */
export function splitSealed(bundle: Uint8Array, count: number): readonly Uint8Array[] | undefined {
  return split(bundle, count, 4);
}

function join(parts: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const joined = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + lengthBytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    at = joined.writeUIntBE(part.length, at, lengthBytes);
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function split(bundle: Uint8Array, count: number, lengthBytes: number): readonly Uint8Array[] | undefined {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length);
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + lengthBytes > bytes.length || parts.length === count) return undefined;
    const begin = at + lengthBytes;
    const end = begin + bytes.readUIntBE(at, lengthBytes);
    if (end > bytes.length) return undefined;
    parts.push(bundle.subarray(begin, end));
    at = end;
  }
  return parts.length === count ? parts : undefined;
}
