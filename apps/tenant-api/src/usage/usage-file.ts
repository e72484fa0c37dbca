import { parquetWriteBuffer } from 'hyparquet-writer';
import { type FocusColumn, type FocusRow, focusColumns } from './focus.js';

const names = Object.keys(focusColumns) as FocusColumn[];

/**
 * RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP: CSV injection), and
 * control characters and marks of direction become spaces: models, groups and apps may bear names that a caller chose.
 */
export function csvOf(rows: readonly FocusRow[]): string {
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return plainNumber(value);
  const safe = value
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, ' ');
  // Some spreadsheets take the signs of full width, too.
  const harmless = /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(safe) ? `'${safe}` : safe;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * Without an exponent, which many readers do not know, and always with a point: a reader that guesses types from the text must not
 * take a column of whole numbers for integers. Twelve digits behind the point hold a micro-unit's millionth.
 */
function plainNumber(value: number): string {
  return value.toFixed(12).replace(/(\.\d+?)0+$/, '$1');
}

/** Apache Parquet: texts as UTF-8 strings, numbers as doubles. */
export function parquetOf(rows: readonly FocusRow[]): Uint8Array {
  const columnData = names.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    type: focusColumns[name] === 'number' ? ('DOUBLE' as const) : ('STRING' as const),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
