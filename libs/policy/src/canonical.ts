import { hash } from 'node:crypto';

/** JSON with sorted keys and without undefined members: one text for one meaning. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'object') return 'null';
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    let items = '';
    for (let index = 0; index < value.length; index += 1)
      items += (index === 0 ? '' : ',') + canonicalJson(value[index]);
    return `[${items}]`;
  }
  const members = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(members).toSorted();
  let text = '';
  for (const key of keys) {
    const member = members[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** `sha256:` and hex. */
export function hashOf(text: string): string {
  return `sha256:${hash('sha256', text)}`;
}
