import type { MemberRow } from '@writ/postgres/control';
import { z } from 'zod';
import type { Attributes } from './filter.js';

/** SCIM 2.0 core schema (RFC 7643) as far as a member needs it. What a client sends beyond it is ignored, as section 3.3 allows. */
export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
export const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error';

const text = z.string().min(1).max(256);
const truth = z.union([z.boolean(), z.stringbool()]);

export const userBody = z.object({
  userName: text,
  externalId: text.optional(),
  active: truth.default(true),
  emails: z.array(z.object({ value: z.string().max(254), primary: z.boolean().optional() })).optional(),
});
export type UserBody = z.output<typeof userBody>;

/** Entra sends `Replace` and the value beside the path; Okta sends an object without a path. Both are taken. */
const operation = z.object({
  op: z.string().transform((op) => op.toLowerCase()),
  path: z.string().optional(),
  value: z.unknown().optional(),
});
export type Operation = z.output<typeof operation>;
export const patchBody = z.object({ Operations: z.array(operation).min(1).max(20) });

const changes = z.object({ active: truth.optional(), userName: text.optional(), externalId: text.optional() });
export type Changes = z.output<typeof changes>;

/** What a PATCH asks for, or undefined when it asks for something that is not offered. */
export function changesOf(body: z.output<typeof patchBody>): Changes | undefined {
  let all: Record<string, unknown> = {};
  for (const { op, path, value } of body.Operations) {
    if (op !== 'replace' && op !== 'add') return undefined;
    if (path === undefined && typeof value === 'object' && value !== null) all = { ...all, ...value };
    else if (path !== undefined) all = { ...all, [path]: value };
    else return undefined;
  }
  const parsed = changes.safeParse(all);
  return parsed.success ? parsed.data : undefined;
}

/** What a filter over users may ask about. */
export const filterableOfUsers: ReadonlySet<string> = new Set([
  'username',
  'externalid',
  'active',
  'emails',
  'emails.value',
  'id',
]);

export function attributesOfUser(row: MemberRow): Attributes {
  const emails = row.email === null ? [] : [row.email];
  return {
    username: row.userName ?? row.subject,
    externalid: row.externalId,
    active: row.active,
    emails,
    'emails.value': emails,
    id: row.id,
  };
}

export function resourceOf(row: MemberRow, base: string): object {
  return {
    schemas: [userSchema],
    id: row.id,
    ...(row.externalId !== null && { externalId: row.externalId }),
    userName: row.userName ?? row.subject,
    active: row.active,
    ...(row.email !== null && { emails: [{ value: row.email, primary: true }] }),
    meta: {
      resourceType: 'User',
      created: row.createdAt.toISOString(),
      lastModified: row.updatedAt.toISOString(),
      location: `${base}/Users/${row.id}`,
      version: `W/"${row.version}"`,
    },
  };
}
