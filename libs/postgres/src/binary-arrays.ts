/**
 * One-dimensional arrays in the binary form of the wire protocol (`array_recv`): a parameter that is a Buffer is sent as it
 * is. As text each byte of a `bytea` would travel as two digits and be read back by a parser.
 */
const elementTypes = { bool: 16, bytea: 17, int8: 20, text: 25, uuid: 2950 } as const;
const headerBytes = 20;

export function textArray(values: readonly (string | undefined)[]): Buffer {
  let bytes = 0;
  for (const value of values) if (value !== undefined) bytes += Buffer.byteLength(value);
  const array = beginArray(elementTypes.text, values, bytes);
  let at = headerBytes;
  for (const value of values) {
    const length = value === undefined ? -1 : array.write(value, at + 4, 'utf8');
    at = array.writeInt32BE(length, at);
    if (length > 0) at += length;
  }
  return array;
}

export function byteaArray(values: readonly (Uint8Array | undefined)[]): Buffer {
  let bytes = 0;
  for (const value of values) if (value !== undefined) bytes += value.length;
  const array = beginArray(elementTypes.bytea, values, bytes);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? -1, at);
    if (value === undefined) continue;
    array.set(value, at);
    at += value.length;
  }
  return array;
}

/** Each value in the canonical spelling of RFC 9562, 36 characters; anything else throws. */
export function uuidArray(values: readonly (string | undefined)[]): Buffer {
  let present = 0;
  for (const value of values) if (value !== undefined) present += 1;
  const array = beginArray(elementTypes.uuid, values, present * 16);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(value === undefined ? -1 : 16, at);
    if (value !== undefined) at = writeUuid(value, array, at);
  }
  return array;
}

/** Safe integers only. */
export function int8Array(values: readonly number[]): Buffer {
  const array = beginArray(elementTypes.int8, values, values.length * 8);
  let at = headerBytes;
  for (const value of values) {
    if (!Number.isSafeInteger(value)) throw new RangeError('this is no safe integer');
    at = array.writeInt32BE(8, at);
    at = array.writeInt32BE(Math.floor(value / 2 ** 32), at);
    at = array.writeUInt32BE(value >>> 0, at);
  }
  return array;
}

export function booleanArray(values: readonly boolean[]): Buffer {
  const array = beginArray(elementTypes.bool, values, values.length);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(1, at);
    at = array.writeUInt8(value ? 1 : 0, at);
  }
  return array;
}

/**
 * Room for so many bytes of elements, and the header: dimensions, "has nulls", element type, length and lower bound. Each element
 * follows behind its length, which is -1 for null.
 */
function beginArray(elementType: number, values: readonly unknown[], bytes: number): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + 4 * values.length + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(values.includes(undefined) ? 1 : 0, 4);
  array.writeInt32BE(elementType, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

/** What each character of a UUID is worth; 255 for one that is none of its digits. */
const digits = new Uint8Array(128).fill(255);
for (let worth = 0; worth < 16; worth += 1) digits[worth.toString(16).charCodeAt(0)] = worth;
/** Where the dashes are not. */
const pairs = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

function writeUuid(value: string, into: Buffer, from: number): number {
  let at = from;
  for (const pair of pairs) {
    const high = digits[value.charCodeAt(pair)] ?? 255;
    const low = digits[value.charCodeAt(pair + 1)] ?? 255;
    if (high + low > 30) throw new TypeError('this is no UUID');
    into[at] = high * 16 + low;
    at += 1;
  }
  for (const dash of [8, 13, 18, 23]) if (value[dash] !== '-') throw new TypeError('this is no UUID');
  if (value.length !== 36) throw new TypeError('this is no UUID');
  return at;
}
