import type { JsonObject, JsonValue } from '@writ/domain';
import { isAscii, isUtf8 } from 'node:buffer';
import { isCanonical } from './canonical-form.js';

/** No statement is longer; a text of half a gigabyte would be more than a runtime's strings hold. */
export const longestStatement: number = 2 ** 28;

/**
 * The value of canonical JSON bytes, or undefined. Bytes that are not exactly what RFC 8785 writes are refused, and with
 * them duplicate keys, floats, lone surrogates and every second spelling of the same value.
 */
export function parseCanonical(bytes: Uint8Array): JsonValue | undefined {
  if (bytes.length > longestStatement) return undefined;
  const text = textOf(bytes);
  return text !== undefined && isCanonical(text) ? (JSON.parse(text) as JsonValue) : undefined;
}

/** Undefined for bytes that are not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isAscii(buffer)) return buffer.toString('latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
}

export function parseCanonicalObject(bytes: Uint8Array): JsonObject | undefined {
  const value = parseCanonical(bytes);
  return isObject(value) ? value : undefined;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

export function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string';
}
