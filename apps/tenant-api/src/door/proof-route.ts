import type { FastifyInstance } from 'fastify';
import type { Administration } from '../administration.js';
import { authenticate } from '../authenticate.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { refusedError, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { fromId } from '../schema/ids.js';
import { viewProof } from '../schema/views.js';
import { refuse } from './refuse.js';

/**
 * `GET /proofs/{id}`, where `auditRecord.proofUrl` leads: what the query `auditProof` answers, to a caller of the same tenant
 * who may read evidence. That it was read is recorded first. Its place in the log is null until the record is sequenced.
 */
export function proofRoute(
  app: FastifyInstance,
  ports: Ports,
  issuer: BootstrapIssuer,
  administration: Administration,
): void {
  app.get<{ Params: { id: string } }>('/proofs/:id', async (request, reply) => {
    try {
      const { authorization } = request.headers;
      const caller = await authenticate(ports, issuer, { authorization, method: request.method, url: request.url });
      if (caller.kind === 'anonymous')
        throw refusedError('UNAUTHENTICATED', 'Send an access token as `Authorization: Bearer`.');
      if (!caller.permissions.has('evidence:read'))
        throw refusedError('FORBIDDEN', 'Proofs need the permission evidence:read; an owner can grant it.');
      const unknown = refusedError('NOT_FOUND', 'There is no such record in this tenant.');
      const record = fromId('Record', request.params.id);
      if (record === undefined) throw unknown;
      await administration.note({ caller, address: request.ip }, 'access.proof', { record });
      const found = await ports.evidence.proof(tenantOf(caller), record);
      if (!found) throw unknown;
      return await reply.header('cache-control', 'no-store').send(viewProof(found));
    } catch (error) {
      return refuse(
        request,
        reply,
        ports,
        error,
        'The proof could not be made; the operators can find the cause by the request id.',
      );
    }
  });
}
