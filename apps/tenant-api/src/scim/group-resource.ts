import type { DirectoryGroupRow } from '@writ/postgres/control';
import { z } from 'zod';
import type { Operation } from './resource.js';

export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';

const text = z.string().min(1).max(256);
const members = z.array(z.object({ value: z.uuid() })).max(10_000);

export const groupBody = z.object({ displayName: text, externalId: text.optional(), members: members.default([]) });
export type GroupBody = z.output<typeof groupBody>;

/** One step of a change of a group, in the order that the client gave. */
export type GroupStep =
  | { readonly kind: 'name'; readonly displayName: string }
  | { readonly kind: 'external'; readonly externalId: string }
  | { readonly kind: 'add' | 'remove' | 'replace'; readonly members: readonly string[] }
  | { readonly kind: 'remove-all' };

const oneMember = /^members\[\s*value\s+eq\s+"([0-9a-f-]{36})"\s*\]$/i;

/** RFC 7644 section 3.5.2 as Entra and Okta speak it. Undefined when a step asks for something that is not offered. */
export function groupSteps(operations: readonly Operation[]): readonly GroupStep[] | undefined {
  const steps: GroupStep[] = [];
  for (const operation of operations) {
    const read = stepsOf(operation);
    if (read === undefined) return undefined;
    steps.push(...read);
  }
  return steps;
}

function stepsOf({ op, path, value }: Operation): readonly GroupStep[] | undefined {
  const one = oneMember.exec(path ?? '')?.[1];
  if (one !== undefined) return op === 'remove' ? [{ kind: 'remove', members: [one.toLowerCase()] }] : undefined;
  if (op !== 'add' && op !== 'replace' && op !== 'remove') return undefined;
  if (path?.toLowerCase() === 'members') return ofMembers(op, value);
  if (op === 'remove') return undefined;
  if (path === undefined) return ofObject(op, value);
  return ofName(path, value);
}

function ofMembers(op: 'add' | 'replace' | 'remove', value: unknown): readonly GroupStep[] | undefined {
  if (op === 'remove' && value === undefined) return [{ kind: 'remove-all' }];
  const parsed = members.safeParse(Array.isArray(value) ? value : [value]);
  return parsed.success ? [{ kind: op, members: parsed.data.map((each) => each.value.toLowerCase()) }] : undefined;
}

/** Without a path the value is an object of attributes; `id` and `schemas` may stand beside them. */
function ofObject(op: 'add' | 'replace', value: unknown): readonly GroupStep[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const steps: GroupStep[] = [];
  for (const [name, given] of Object.entries(value)) {
    if (name === 'id' || name === 'schemas') continue;
    const read = name.toLowerCase() === 'members' ? ofMembers(op, given) : ofName(name, given);
    if (read === undefined) return undefined;
    steps.push(...read);
  }
  return steps;
}

function ofName(path: string, value: unknown): readonly GroupStep[] | undefined {
  const parsed = text.safeParse(value);
  if (!parsed.success) return undefined;
  if (path.toLowerCase() === 'displayname') return [{ kind: 'name', displayName: parsed.data }];
  return path.toLowerCase() === 'externalid' ? [{ kind: 'external', externalId: parsed.data }] : undefined;
}

export function groupResource(row: DirectoryGroupRow, memberIds: readonly string[] | undefined, base: string): object {
  return {
    schemas: [groupSchema],
    id: row.id,
    ...(row.externalId !== null && { externalId: row.externalId }),
    displayName: row.name,
    ...(memberIds && { members: memberIds.map((value) => ({ value, $ref: `${base}/Users/${value}` })) }),
    meta: {
      resourceType: 'Group',
      created: row.createdAt.toISOString(),
      lastModified: row.updatedAt.toISOString(),
      location: `${base}/Groups/${row.id}`,
      version: `W/"${row.version}"`,
    },
  };
}
