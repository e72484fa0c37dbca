import type { FastifyInstance } from 'fastify';

export interface Edge {
  /** Instance-local reasons not to be ready; a shared dependency that is down is not one of them. */
  readonly notReady: () => readonly string[];
}

/** `/livez` says that the loop turns, `/readyz` that this instance can serve. Neither needs a credential or tells versions. */
export function health(app: FastifyInstance, edge: Edge): void {
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    const because = edge.notReady();
    return reply.code(because.length === 0 ? 200 : 503).send({ ready: because.length === 0, because });
  });
}
