/** What a set of labels is kept under: their values in the order of their names. */
export function tallyKey(names: readonly string[], labels: Readonly<Record<string, string>>): string {
  let key = '';
  for (const name of names) key += `${labels[name] ?? ''}\0`;
  return key;
}
