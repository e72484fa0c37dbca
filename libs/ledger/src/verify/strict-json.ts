import type { JsonObject, JsonValue } from '@writ/domain';
import { canonicalJson } from '../canonical-json.js';

const deepest = 64;

/**
 * The value of canonical JSON bytes, or undefined. Bytes that are not exactly what RFC 8785 writes are refused, and with
 * them duplicate keys, floats, lone surrogates and every second spelling of the same value.
 */
export function parseCanonical(bytes: Uint8Array): JsonValue | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!isShallow(text)) return undefined;
    const value = JSON.parse(text) as JsonValue;
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
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

/** Counts the brackets outside strings, so that no parser is led down a harmful depth. */
function isShallow(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at];
    if (inString) {
      if (unit === '\\') at += 1;
      else if (unit === '"') inString = false;
    } else if (unit === '"') {
      inString = true;
    } else if (unit === '{' || unit === '[') {
      depth += 1;
      if (depth > deepest) return false;
    } else if (unit === '}' || unit === ']') {
      depth -= 1;
    }
  }
  return true;
}
