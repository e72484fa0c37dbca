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
  if (isList(value)) return canonicalList(value);
  let json = '';
  for (const name of namesInOrder(value)) {
    const member = value[name];
    if (member !== undefined) json += `${json === '' ? '' : ','}${canonicalString(name)}:${canonicalJson(member)}`;
  }
  return `{${json}}`;
}

/** Members of an object in JCS order (UTF-16 code units), each value already canonical. Undefined ones are absent. */
export type CanonicalMembers = Readonly<Record<string, string | undefined>>;

/** For objects with few names, none of them a number: those an object would hold in an order of its own. */
export function canonicalMembers(object: JsonObject): CanonicalMembers {
  const members: Record<string, string | undefined> = {};
  for (const name of namesInOrder(object)) members[name] = canonicalOrAbsent(object[name]);
  return members;
}

export function canonicalOrAbsent(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

/** What is made of an object, made once for a frozen one: kept as long as the object is, and for no equal one. */
export function keptOf<O extends object, V extends string | object>(make: (from: O) => V): (from: O) => V {
  const kept = new WeakMap<O, V>();
  return (from) => {
    const known = kept.get(from);
    if (known !== undefined) return known;
    const made = make(from);
    if (Object.isFrozen(from)) kept.set(from, made);
    return made;
  };
}

function canonicalList(list: readonly JsonValue[]): string {
  let json = '';
  for (let at = 0; at < list.length; at += 1) json += `${at === 0 ? '' : ','}${canonicalJson(list[at] as JsonValue)}`;
  return `[${json}]`;
}

/** Sorting without a comparator goes by UTF-16 code units, as JCS does. Most objects are written in order already. */
export function namesInOrder(object: object): readonly string[] {
  const names = Object.keys(object);
  for (let at = 1; at < names.length; at += 1) if (names[at - 1]! > names[at]!) return sortedNames(names);
  return names;
}

/** Orders that were found before: a ledger's records have few shapes, and sorting thirty names costs four times a look-up. */
const ordersKnown = new Map<string, readonly string[]>();

function sortedNames(names: readonly string[]): readonly string[] {
  const shape = names.join('\0');
  const known = ordersKnown.get(shape);
  // Of names without NUL there is one more than the shape has; with one, the lengths differ, and the name is refused later.
  if (known?.length === names.length) return known;
  const sorted = names.toSorted();
  if (names.some((name) => name.includes('\0'))) return sorted;
  if (ordersKnown.size >= 1_024) ordersKnown.clear();
  ordersKnown.set(shape, sorted);
  return sorted;
}

/** ASCII without quote, backslash and controls: stands in JSON as it is. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function canonicalString(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed() || text.includes('\0'))
    throw new TypeError('a record holds well-formed text without NUL only');
  return JSON.stringify(text);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
