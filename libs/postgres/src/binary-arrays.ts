/**
 * One-dimensional arrays in the binary form of the wire protocol (`array_recv`): a parameter that is a Buffer is sent as it
 * is. As text each byte of a `bytea` would travel as two digits and be read back by a parser.
 */
const elementTypes = { bool: 16, bytea: 17, int8: 20, text: 25, uuid: 2950 } as const;
const headerBytes = 20;

export function textArray(values: readonly (string | undefined)[]): Buffer {
  return arrayOf(
    elementTypes.text,
    values,
    (value) => Buffer.byteLength(value),
    (value, into, at) => void into.write(value, at, 'utf8'),
  );
}

export function byteaArray(values: readonly (Uint8Array | undefined)[]): Buffer {
  return arrayOf(
    elementTypes.bytea,
    values,
    (value) => value.length,
    (value, into, at) => into.set(value, at),
  );
}

/** Each value in the canonical spelling of RFC 9562, 36 characters; anything else throws. */
export function uuidArray(values: readonly (string | undefined)[]): Buffer {
  return arrayOf(
    elementTypes.uuid,
    values,
    () => 16,
    (value, into, at) => {
      if (into.write(value.replaceAll('-', ''), at, 'hex') !== 16) throw new TypeError('this is no UUID');
    },
  );
}

/** Safe integers only. */
export function int8Array(values: readonly number[]): Buffer {
  return arrayOf(
    elementTypes.int8,
    values,
    () => 8,
    (value, into, at) => void into.writeBigInt64BE(BigInt(value), at),
  );
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return arrayOf(
    elementTypes.bool,
    values,
    () => 1,
    (value, into, at) => void into.writeUInt8(value ? 1 : 0, at),
  );
}

/** Dimensions, "has nulls", element type, length and lower bound; then each element with its length, -1 for null. */
function arrayOf<T>(
  elementType: number,
  values: readonly (T | undefined)[],
  lengthOf: (value: T) => number,
  write: (value: T, into: Buffer, at: number) => void,
): Buffer {
  let length = headerBytes;
  let hasNulls = 0;
  for (const value of values) {
    length += 4;
    if (value === undefined) hasNulls = 1;
    else length += lengthOf(value);
  }
  const array = Buffer.allocUnsafe(length);
  let at = 0;
  for (const number of [1, hasNulls, elementType, values.length, 1]) at = array.writeInt32BE(number, at);
  for (const value of values) {
    const valueLength = value === undefined ? -1 : lengthOf(value);
    at = array.writeInt32BE(valueLength, at);
    if (value === undefined) continue;
    write(value, array, at);
    at += valueLength;
  }
  return array;
}
