import { createHash } from 'node:crypto';
import { parseRecordId, parseTenantId, tenantOfVerifiedCredential } from '@writ/domain';
import { isOutage } from '@writ/postgres/control';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { Administration } from '../administration.js';
import type { RequestContext } from '../caller.js';
import type { Ports } from '../ports.js';
import { UserErrorCode } from '../schema/building-blocks.js';
import { type ScimCaller, ScimMembers } from './members.js';
import { changesOf, errorSchema, filterOf, listSchema, patchBody, resourceOf, userBody } from './resource.js';

const statuses: Partial<Record<UserErrorCode, number>> = {
  [UserErrorCode.NOT_FOUND]: 404,
  [UserErrorCode.TAKEN]: 409,
  [UserErrorCode.CONFLICT]: 409,
};

type Query = Readonly<Record<string, string | undefined>>;
type Handler = (caller: ScimCaller, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * SCIM 2.0 (RFC 7644) for users: an identity provider announces people and withdraws them. Each route is reached with the
 * provider's own token, which names tenant and provider; nothing in the request does.
 */
export function scimRoutes(app: FastifyInstance, ports: Ports, publicUrl: string): void {
  const base = new URL('/scim/v2', publicUrl).href;
  const members = new ScimMembers(ports, new Administration(ports));
  app.addContentTypeParser(
    'application/scim+json',
    { parseAs: 'string', bodyLimit: 64 * 1024 },
    (_request, body, done) => {
      try {
        done(null, JSON.parse(String(body)));
      } catch {
        done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }));
      }
    },
  );
  const route = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, handler: Handler): void => {
    app.route({ method, url: `/scim/v2${url}`, handler: (request, reply) => guarded(ports, handler, request, reply) });
  };
  route('GET', '/ServiceProviderConfig', async () => configuration(base));
  route('GET', '/Users', async (caller, request, reply) => {
    const { filter, startIndex = '1', count = '100' } = request.query as Query;
    const where = filterOf(filter);
    if (where === 'unsupported')
      return refuse(reply, 400, 'Only `userName eq` and `externalId eq` can be asked.', 'invalidFilter');
    const rows = await members.find(caller, where ?? {});
    const from = Math.max(1, Math.trunc(Number(startIndex)) || 1);
    const page = rows.slice(from - 1, from - 1 + Math.min(100, Math.max(0, Math.trunc(Number(count)) || 0)));
    const shown = { startIndex: from, itemsPerPage: page.length, Resources: page.map((row) => resourceOf(row, base)) };
    return { schemas: [listSchema], totalResults: rows.length, ...shown };
  });
  route('GET', '/Users/:id', async (caller, request, reply) => {
    const id = idOf(request);
    const [row] = id === undefined ? [] : await members.find(caller, { id });
    return row ? resourceOf(row, base) : refuse(reply, 404, 'There is no such user.');
  });
  route('POST', '/Users', async (caller, request, reply) => {
    const body = userBody.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'A user has a userName; correct the body.', 'invalidValue');
    const done = await members.create(contextOf(caller, request), caller, body.data);
    if (!done.ok) return refuse(reply, statuses[done.error.code] ?? 400, done.error.message, 'uniqueness');
    return reply.code(201).send(resourceOf(done.value, base));
  });
  route('PATCH', '/Users/:id', async (caller, request, reply) => {
    const body = patchBody.safeParse(request.body);
    const changes = body.success ? changesOf(body.data) : undefined;
    if (!changes) return refuse(reply, 400, 'Only active, userName and externalId can be replaced.', 'invalidPath');
    const done = await members.update(contextOf(caller, request), caller, idOf(request) ?? '', changes);
    return done.ok ? resourceOf(done.value, base) : refuse(reply, statuses[done.error.code] ?? 400, done.error.message);
  });
  route('DELETE', '/Users/:id', async (caller, request, reply) => {
    const done = await members.update(contextOf(caller, request), caller, idOf(request) ?? '', { active: false });
    return done.ok ? reply.code(204).send() : refuse(reply, statuses[done.error.code] ?? 400, done.error.message);
  });
}

async function guarded(ports: Ports, handler: Handler, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  void reply.header('content-type', 'application/scim+json; charset=utf-8');
  try {
    const caller = await scimCaller(ports, request.headers.authorization);
    if (!caller)
      return await refuse(reply, 401, 'Send the SCIM token of the identity provider as `Authorization: Bearer`.');
    return await handler(caller, request, reply);
  } catch (cause) {
    const unrecorded = cause instanceof GraphQLError && cause.extensions['code'] === 'LEDGER_UNAVAILABLE';
    const unavailable = unrecorded || isOutage(cause);
    if (!unrecorded) ports.report(cause, request.id);
    const message = unavailable
      ? 'The change could not be made durable, so nothing was changed; try again shortly.'
      : 'The request failed and nothing was changed.';
    return refuse(reply, unavailable ? 503 : 500, message);
  }
}

async function scimCaller(ports: Ports, authorization: string | undefined): Promise<ScimCaller | undefined> {
  const token = /^Bearer (scim_[A-Za-z0-9_-]{43})$/.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const sha256 = createHash('sha256').update(token).digest('hex');
  const rows: unknown = await ports.control.inPlatform((manager) =>
    manager.query('SELECT tenant_id, identity_provider_id FROM control.find_scim_token($1)', [sha256]),
  );
  const [row] = rows as readonly { readonly tenant_id: string; readonly identity_provider_id: string }[];
  const tenant = parseTenantId(row?.tenant_id ?? '');
  if (!row || !tenant.ok) return undefined;
  const context = tenantOfVerifiedCredential(tenant.value);
  return {
    kind: 'scim',
    identityProvider: row.identity_provider_id,
    tenant: context,
    roles: [],
    permissions: new Set(),
  };
}

function contextOf(caller: ScimCaller, request: FastifyRequest): RequestContext {
  return { caller, address: request.ip };
}

/** Undefined for what is not a UUID: it names nobody. */
function idOf(request: FastifyRequest): string | undefined {
  const { id } = request.params as { readonly id?: string };
  const parsed = parseRecordId(id ?? '');
  return parsed.ok ? parsed.value : undefined;
}

function refuse(reply: FastifyReply, status: number, detail: string, scimType?: string): FastifyReply {
  return reply
    .code(status)
    .send({ schemas: [errorSchema], status: String(status), detail, ...(scimType && { scimType }) });
}

function configuration(base: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: 100 },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    authenticationSchemes: [
      { type: 'oauthbearertoken', name: 'Bearer', description: 'The token that rotateScimToken made.' },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}
