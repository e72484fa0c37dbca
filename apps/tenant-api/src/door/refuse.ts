import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Ports } from '../ports.js';

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  NO_TENANT: 403,
};

/** Answers with what may be shown of an error; anything else is reported to the operators and named by `otherwise` alone. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  ports: Pick<Ports, 'report'>,
  error: unknown,
  otherwise: string,
): FastifyReply {
  const shown = error instanceof GraphQLError && error.extensions['shown'] === true ? error : undefined;
  if (!shown) ports.report(error, request.id);
  const code = typeof shown?.extensions['code'] === 'string' ? shown.extensions['code'] : 'INTERNAL';
  const message = shown?.message ?? otherwise;
  return reply.code(statuses[code] ?? (shown ? 503 : 500)).send({ error: { code, message, request: request.id } });
}
