import type { FastifyReply } from 'fastify';
import type { Ports } from '../ports.js';
import type { Administration } from '../administration.js';
import { parseFilter } from './filter.js';
import { groupBody, groupResource, groupSteps } from './group-resource.js';
import { type GroupView, ScimGroups } from './groups.js';
import { patchBody } from './resource.js';
import { type Query, type Route, contextOf, idOf, listOf, refuse, refuseUserError } from './answers.js';

const filterable = new Set(['displayname', 'externalid', 'id', 'members.value', 'members']);

/** SCIM 2.0 (RFC 7644) for groups, beside the users. */
export function groupRoutes(route: Route, ports: Ports, administration: Administration, base: string): void {
  const groups = new ScimGroups(ports, administration);
  const shown = ({ row, memberIds }: GroupView, query: unknown): object =>
    groupResource(row, isWithoutMembers(query as Query) ? undefined : memberIds, base);
  route('GET', '/Groups', async (caller, request, reply) => {
    const { filter, ...page } = request.query as Query;
    const wanted = filter === undefined ? undefined : parseFilter(filter, filterable);
    if (wanted?.ok === false) return refuse(reply, 400, 'This filter cannot be answered.', 'invalidFilter');
    const all = await groups.find(caller, {});
    const found = wanted === undefined ? all : all.filter((each) => wanted.value(attributesOf(each)));
    return listOf(found, page, (each) => shown(each, request.query));
  });
  route('GET', '/Groups/:id', async (caller, request, reply) => {
    const id = idOf(request);
    const [found] = id === undefined ? [] : await groups.find(caller, { id });
    return found ? shown(found, request.query) : refuse(reply, 404, 'There is no such group.');
  });
  route('POST', '/Groups', async (caller, request, reply) => {
    const body = groupBody.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'A group has a displayName; correct the body.', 'invalidValue');
    const done = await groups.create(contextOf(caller, request), caller, body.data);
    return done.ok ? reply.code(201).send(shown(done.value, {})) : refuseUserError(reply, done.error);
  });
  route('PUT', '/Groups/:id', async (caller, request, reply) => {
    const body = groupBody.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'A group has a displayName; correct the body.', 'invalidValue');
    const { displayName, externalId, members } = body.data;
    const steps = [
      { kind: 'name' as const, displayName },
      ...(externalId === undefined ? [] : [{ kind: 'external' as const, externalId }]),
      { kind: 'replace' as const, members: members.map(({ value }) => value) },
    ];
    const done = await groups.update(contextOf(caller, request), caller, idOf(request) ?? '', steps);
    return done.ok ? shown(done.value, {}) : refuseUserError(reply, done.error);
  });
  route('PATCH', '/Groups/:id', async (caller, request, reply) => {
    const body = patchBody.safeParse(request.body);
    const steps = body.success ? groupSteps(body.data.Operations) : undefined;
    if (!steps) return refuse(reply, 400, 'Only displayName, externalId and members can be changed.', 'invalidPath');
    const done = await groups.update(contextOf(caller, request), caller, idOf(request) ?? '', steps);
    return done.ok ? shown(done.value, request.query) : refuseUserError(reply, done.error);
  });
  route('DELETE', '/Groups/:id', async (caller, request, reply): Promise<FastifyReply> => {
    const done = await groups.remove(contextOf(caller, request), caller, idOf(request) ?? '');
    return done.ok ? reply.code(204).send() : refuseUserError(reply, done.error);
  });
}

/** Entra never wants the members of a group that it only looks for. */
function isWithoutMembers({ excludedAttributes = '' }: Query): boolean {
  return excludedAttributes.split(',').some((name) => name.trim().toLowerCase() === 'members');
}

function attributesOf({ row, memberIds }: GroupView): Record<string, string | readonly string[] | null> {
  const members = memberIds;
  return { displayname: row.name, externalid: row.externalId, id: row.id, 'members.value': members, members };
}
