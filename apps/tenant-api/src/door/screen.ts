import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError, type GraphQLSchema, parse } from 'graphql';
import { authenticate } from '../authenticate.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { type Caller, refusedError } from '../caller.js';
import type { Ports } from '../ports.js';
import { formatExecution } from './format-error.js';
import { documentLimits, measure } from './measure.js';

export interface Screened {
  readonly caller: Caller;
  readonly cost: number;
}

/**
 * The schema is dated: a client may name the version it was written for, and is refused rather than misunderstood. What
 * is deprecated stays for twelve months and is said so in the schema.
 */
export const schemaVersion = '2026-11';
const versionHeader = 'writ-schema-version';

const screened = new WeakMap<FastifyRequest, Screened>();

/** May do nothing: what a request counts as until it passed the screen. */
const nobody: Screened = { caller: { kind: 'anonymous', permissions: new Set() }, cost: 0 };

/** What `screen` found out about a request. */
export function screenedOf(request: FastifyRequest): Screened {
  return screened.get(request) ?? nobody;
}

/**
 * Stands before the GraphQL route: one JSON POST with one document that is a string, from a caller that is known, asking
 * for no more than the limits allow. It parses the text itself, because the driver would also take a syntax tree as JSON,
 * past the limit on tokens.
 */
export function screen(app: FastifyInstance, ports: Ports, issuer: BootstrapIssuer, schema: () => GraphQLSchema): void {
  app.addHook('onRequest', async (request, reply) => {
    if (pathOf(request) !== '/graphql') return undefined;
    const asked = request.headers[versionHeader];
    if (asked !== undefined && asked !== schemaVersion)
      return answer(
        reply,
        400,
        refusedError('UNKNOWN_SCHEMA_VERSION', `This API speaks the schema of ${schemaVersion}; ask for that one.`),
      );
    void reply.header(versionHeader, schemaVersion);
    if (request.method !== 'POST')
      return answer(
        reply.header('allow', 'POST'),
        405,
        refusedError('METHOD_NOT_ALLOWED', 'GraphQL is answered to POST only.'),
      );
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json')
      return answer(reply, 415, refusedError('UNSUPPORTED_MEDIA', 'Send the request as application/json.'));
    return undefined;
  });
  app.addHook('preHandler', async (request, reply) => {
    if (pathOf(request) !== '/graphql') return undefined;
    try {
      const { authorization } = request.headers;
      const caller = await authenticate(ports, issuer, { authorization, method: request.method, url: request.url });
      screened.set(request, { caller, cost: costOf(request.body, schema(), caller) });
      return undefined;
    } catch (error) {
      if (error instanceof GraphQLError) return answer(reply, undefined, error);
      ports.report(error, request.id);
      return answer(reply, 500, new GraphQLError('', { originalError: error as Error }));
    }
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? '';
}

function costOf(body: unknown, schema: GraphQLSchema, caller: Caller): number {
  const query = typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined;
  if (typeof query !== 'string')
    throw refusedError('BAD_USER_INPUT', 'Send one object with `query`; batches are not answered.');
  if (Buffer.byteLength(query) > documentLimits.bytes)
    throw refusedError('TOO_LONG', `A document has at most ${documentLimits.bytes} bytes.`);
  const given = typeof body === 'object' && body !== null && 'variables' in body ? body.variables : undefined;
  const measured = measure(schema, parsed(query), isRecord(given) ? given : {});
  if (!measured.ok) {
    const { code, message, cost } = measured.error;
    throw refusedError(code, message, cost === undefined ? {} : { cost });
  }
  if (measured.value.introspects && !caller.permissions.has('tenant:write'))
    throw refusedError(
      'FORBIDDEN',
      'Introspection is for authenticated administrators; the reference is in the documentation.',
    );
  return Math.ceil(measured.value.cost);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(query: string): ReturnType<typeof parse> {
  try {
    return parse(query, { maxTokens: documentLimits.tokens, noLocation: true });
  } catch (error) {
    const tooLong = error instanceof Error && error.message.includes('tokens');
    throw tooLong
      ? refusedError('TOO_LONG', `A document has at most ${documentLimits.tokens} tokens.`)
      : refusedError('GRAPHQL_PARSE_FAILED', error instanceof Error ? error.message : 'The document cannot be parsed.');
  }
}

function answer(reply: FastifyReply, status: number | undefined, error: GraphQLError): FastifyReply {
  const { statusCode, errors } = formatExecution({ errors: [error] }, reply.request.id, false, () => undefined);
  return reply
    .code(status ?? statusCode)
    .header('content-type', 'application/json; charset=utf-8')
    .send({ data: null, errors });
}
