import type { MemberRow } from '@writ/postgres/control';
import { z } from 'zod';

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

/** The only filter that identity providers send before they create: equality of a unique attribute. */
export function filterOf(
  filter: string | undefined,
): { readonly userName: string } | { readonly externalId: string } | undefined | 'unsupported' {
  if (filter === undefined) return undefined;
  const match = /^\s*(userName|externalId)\s+eq\s+"([^"\\]{1,256})"\s*$/i.exec(filter);
  if (!match) return 'unsupported';
  const [, name = '', value = ''] = match;
  return name.toLowerCase() === 'username' ? { userName: value } : { externalId: value };
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
