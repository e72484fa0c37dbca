import type { JsonObject, JsonValue } from '@writ/domain';

/**
 * RFC 8785 (JCS) for what records hold: no floats, integers below 2^53, well-formed strings without NUL. Anything else
 * throws: a value that two readers could read differently must not be signed.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('a record holds safe integers only');
    return String(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  return `{${canonicalMembers(value)
    .map(([name, json]) => `${canonicalString(name)}:${json}`)
    .join(',')}}`;
}

/** The members in JCS order (UTF-16 code units), each value already canonical. Undefined members are absent. */
export function canonicalMembers(object: JsonObject): readonly (readonly [name: string, json: string])[] {
  return Object.keys(object)
    .filter((name) => object[name] !== undefined)
    .toSorted((left, right) => (left < right ? -1 : 1))
    .map((name) => [name, canonicalJson(object[name] as JsonValue)] as const);
}

function canonicalString(text: string): string {
  if (!text.isWellFormed() || text.includes('\0'))
    throw new TypeError('a record holds well-formed text without NUL only');
  return JSON.stringify(text);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
