import { toBase64Url } from '../bytes.js';
import { parseRecord } from '../signed-record.js';
import { saltOf, unseal } from '../sealing.js';
import { isObject, isText, parseCanonicalObject } from '../verify/strict-json.js';

export interface SealedRow {
  readonly leaf: Uint8Array;
  readonly sealed: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

/** What a bundle discloses of one record: value and salt of each field asked for. */
export type Disclosure = Readonly<Record<string, { readonly value: string; readonly salt: string }>>;

/**
 * Opens the sealed content of a record for those who may read it; the access itself is a record first (`access.export`).
 * Undefined for a record without sealed content. Throws when any byte was changed or the key was destroyed.
 */
export function disclose(
  row: SealedRow,
  contentKey: Uint8Array,
  wanted: (field: string) => boolean = () => true,
): Disclosure | undefined {
  const record = parseRecord(row.leaf);
  const payload = record && parseCanonicalObject(record.payload);
  const seal = payload?.['seal'];
  const fields = isObject(seal) ? seal['fields'] : undefined;
  const { log, rid } = payload ?? {};
  if (!Array.isArray(fields) || !isText(log) || !isText(rid)) return undefined;
  const place = { origin: log, record: rid, fields: fields as readonly string[] };
  const { seed, values } = unseal(row.sealed, row.wrappedKey, place, contentKey);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([field]) => wanted(field))
      .map(([field, value]) => [field, { value, salt: toBase64Url(saltOf(seed, field)) }]),
  );
}
