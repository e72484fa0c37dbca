import { parseRecordId } from '@writ/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '../caller.js';
import { type UserError, UserErrorCode } from '../schema/building-blocks.js';
import type { ScimCaller } from './members.js';
import { errorSchema, listSchema } from './resource.js';

const statuses: Partial<Record<UserErrorCode, number>> = {
  [UserErrorCode.NOT_FOUND]: 404,
  [UserErrorCode.TAKEN]: 409,
  [UserErrorCode.CONFLICT]: 409,
};

export type Query = Readonly<Record<string, string | undefined>>;
export type Handler = (caller: ScimCaller, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Route = (method: Method, url: string, handler: Handler) => void;

/** RFC 7644 section 3.4.2.4: pages are counted from one. */
export function listOf<T>(
  rows: readonly T[],
  { startIndex = '1', count = '100' }: Query,
  view: (row: T) => object,
): object {
  const from = Math.max(1, Math.trunc(Number(startIndex)) || 1);
  const page = rows.slice(from - 1, from - 1 + Math.min(100, Math.max(0, Math.trunc(Number(count)) || 0)));
  const shown = { startIndex: from, itemsPerPage: page.length, Resources: page.map(view) };
  return { schemas: [listSchema], totalResults: rows.length, ...shown };
}

export function contextOf(caller: ScimCaller, request: FastifyRequest): RequestContext {
  return { caller, address: request.ip };
}

/** Undefined for what is not a UUID: it names nobody. */
export function idOf(request: FastifyRequest): string | undefined {
  const { id } = request.params as { readonly id?: string };
  const parsed = parseRecordId(id ?? '');
  return parsed.ok ? parsed.value : undefined;
}

export function refuse(reply: FastifyReply, status: number, detail: string, scimType?: string): FastifyReply {
  return reply
    .code(status)
    .send({ schemas: [errorSchema], status: String(status), detail, ...(scimType && { scimType }) });
}

export function refuseUserError(reply: FastifyReply, { code, message }: UserError): FastifyReply {
  return refuse(reply, statuses[code] ?? 400, message, code === UserErrorCode.TAKEN ? 'uniqueness' : undefined);
}
