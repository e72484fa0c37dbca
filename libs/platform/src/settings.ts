import { z } from 'zod';

export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: readonly string[] };

/**
 * Reads an app's settings once, at start. A key is `WRIT_` and the setting's name in upper snake case. Every missing,
 * wrong or unknown `WRIT_` key is listed, so that one start tells all. The value is frozen.
 */
export function readSettings<Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): Read<Readonly<z.output<Schema>>> {
  const names = new Map(Object.keys(schema.shape).map((name) => [keyOf(name), name]));
  const input: Record<string, string> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(env)) {
    if (!key.startsWith('WRIT_') || value === undefined) continue;
    const name = names.get(key);
    if (name === undefined) problems.push(`${key}: unknown setting`);
    else input[name] = value;
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${keyOf(String(issue.path[0] ?? ''))}: ${issue.message}`);
    return { ok: false, error: problems };
  }
  if (problems.length > 0) return { ok: false, error: problems };
  return { ok: true, value: Object.freeze(parsed.data) };
}

function keyOf(name: string): string {
  return `WRIT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** A setting that holds several values, separated by commas; empty means none. */
export const listSetting = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** A setting that names a key file: the key itself never stands in a setting. */
export const keyFileSetting = z.string().min(1, 'the path of a key file');

/** The one place that reads the environment. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
