import type { Node, ObjectNode } from './parse.js';

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits that do not overlap; everything else stays byte for byte. */
export function splice(source: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) throw new Error('edits overlap');
    result += source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + source.slice(at);
}

/** Sets one member of an object, in place when it is there. One `set` of a new member per object and splice. */
export function setMember(object: ObjectNode, name: string, json: string): Edit {
  const found = object.members.find((candidate) => candidate.name === name);
  if (found) return { start: found.value.start, end: found.value.end, text: json };
  const comma = object.members.length > 0 ? ',' : '';
  return { start: object.end - 1, end: object.end - 1, text: `${comma}${JSON.stringify(name)}:${json}` };
}

/** Removes one member with its comma; undefined when it is not there. */
export function dropMember(object: ObjectNode, name: string): Edit | undefined {
  const index = object.members.findIndex((candidate) => candidate.name === name);
  const found = object.members[index];
  if (!found) return undefined;
  const next = object.members[index + 1];
  if (next) return { start: found.start, end: next.start, text: '' };
  const before = object.members[index - 1];
  return { start: before ? before.value.end : found.start, end: found.value.end, text: '' };
}

export function isObject(node: Node | undefined): node is ObjectNode {
  return node?.kind === 'object';
}
