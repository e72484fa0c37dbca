import { createHash } from 'node:crypto';
import { parseTenantId, tenantOfVerifiedCredential } from '@writ/domain';
import { isOutage } from '@writ/postgres/control';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { Administration } from '../administration.js';
import type { Ports } from '../ports.js';
import { type ScimCaller, ScimMembers } from './members.js';
import { type Handler, type Query, type Route, contextOf, idOf, listOf, refuse, refuseUserError } from './answers.js';
import { parseFilter } from './filter.js';
import { groupRoutes } from './group-routes.js';
import { attributesOfUser, changesOf, filterableOfUsers, patchBody, resourceOf, userBody } from './resource.js';

/**
 * SCIM 2.0 (RFC 7644) for users and groups: an identity provider announces people and withdraws them. Each route is reached with the
 * provider's own token, which names tenant and provider; nothing in the request does.
 */
export function scimRoutes(app: FastifyInstance, ports: Ports, publicUrl: string): void {
  const base = new URL('/scim/v2', publicUrl).href;
  const administration = new Administration(ports);
  const members = new ScimMembers(ports, administration);
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
  const route: Route = (method, url, handler) => {
    app.route({ method, url: `/scim/v2${url}`, handler: (request, reply) => guarded(ports, handler, request, reply) });
  };
  route('GET', '/ServiceProviderConfig', async () => configuration(base));
  route('GET', '/Users', async (caller, request, reply) => {
    const { filter, ...page } = request.query as Query;
    const wanted = filter === undefined ? undefined : parseFilter(filter, filterableOfUsers);
    if (wanted?.ok === false) return refuse(reply, 400, 'This filter cannot be answered.', 'invalidFilter');
    const all = await members.find(caller, {});
    const found = wanted === undefined ? all : all.filter((row) => wanted.value(attributesOfUser(row)));
    return listOf(found, page, (row) => resourceOf(row, base));
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
    if (!done.ok) return refuseUserError(reply, done.error);
    return reply.code(201).send(resourceOf(done.value, base));
  });
  route('PUT', '/Users/:id', async (caller, request, reply) => {
    const body = userBody.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'A user has a userName; correct the body.', 'invalidValue');
    const { userName, externalId, active } = body.data;
    const changes = { userName, active, ...(externalId !== undefined && { externalId }) };
    const done = await members.update(contextOf(caller, request), caller, idOf(request) ?? '', changes);
    return done.ok ? resourceOf(done.value, base) : refuseUserError(reply, done.error);
  });
  route('PATCH', '/Users/:id', async (caller, request, reply) => {
    const body = patchBody.safeParse(request.body);
    const changes = body.success ? changesOf(body.data) : undefined;
    if (!changes) return refuse(reply, 400, 'Only active, userName and externalId can be replaced.', 'invalidPath');
    const done = await members.update(contextOf(caller, request), caller, idOf(request) ?? '', changes);
    return done.ok ? resourceOf(done.value, base) : refuseUserError(reply, done.error);
  });
  route('DELETE', '/Users/:id', async (caller, request, reply) => {
    const done = await members.update(contextOf(caller, request), caller, idOf(request) ?? '', { active: false });
    return done.ok ? reply.code(204).send() : refuseUserError(reply, done.error);
  });
  groupRoutes(route, ports, administration, base);
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
