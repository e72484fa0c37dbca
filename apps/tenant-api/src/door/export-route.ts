import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ExportOrder } from '@writ/postgres';
import { EvidenceExportRow } from '@writ/postgres/control';
import type { Administration } from '../administration.js';
import { authenticate } from '../authenticate.js';
import type { BootstrapIssuer } from '../bootstrap/issuer.js';
import { type Caller, refusedError, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { fromId } from '../schema/ids.js';
import { refuse } from './refuse.js';

/**
 * `GET /exports/{id}`: the bundle of an export that was asked for, to a caller of the same tenant who may export. That it
 * is handed out is recorded first. What a worker has finished and keeps is handed out as it is; else it is made now. A failure after the first byte cuts the connection, so that half a bundle is none.
 */
export function exportRoute(
  app: FastifyInstance,
  ports: Ports,
  issuer: BootstrapIssuer,
  administration: Administration,
): void {
  app.get<{ Params: { id: string } }>('/exports/:id', async (request, reply) => {
    try {
      const { authorization } = request.headers;
      const caller = await authenticate(ports, issuer, { authorization, method: request.method, url: request.url });
      const order = await orderOf(ports, caller, request.params.id);
      await administration.note({ caller, address: request.ip }, 'export.created', { export: order.id });
      return await stream(reply, ports, caller, order);
    } catch (error) {
      return refuse(
        request,
        reply,
        ports,
        error,
        'The export failed; the operators can find the cause by the request id.',
      );
    }
  });
}

async function orderOf(ports: Ports, caller: Caller, globalId: string): Promise<ExportOrder> {
  if (caller.kind === 'anonymous')
    throw refusedError('UNAUTHENTICATED', 'Send an access token as `Authorization: Bearer`.');
  if (!caller.permissions.has('evidence:export'))
    throw refusedError('FORBIDDEN', 'Exports need the permission evidence:export; an owner can grant it.');
  const id = fromId('Export', globalId);
  const row = id && (await ports.control.inTenant(tenantOf(caller), (tx) => tx.one(EvidenceExportRow, { id })));
  if (!row) throw refusedError('NOT_FOUND', 'There is no such export in this tenant.');
  return {
    id: row.id,
    purpose: row.purpose,
    requester: row.requestedBy,
    fromMs: row.from.getTime(),
    toMs: row.to.getTime(),
    ...(row.selection === null ? {} : { selection: row.selection }),
    disclose: row.disclose,
  };
}

async function stream(reply: FastifyReply, ports: Ports, caller: Caller, order: ExportOrder): Promise<FastifyReply> {
  const { raw } = reply;
  let isHijacked = false;
  const sink = async (piece: Uint8Array): Promise<void> => {
    if (!isHijacked) {
      isHijacked = true;
      reply.hijack();
      raw.writeHead(200, { 'content-type': 'application/x-tar', 'cache-control': 'no-store' });
    }
    if (raw.destroyed) throw new Error('the caller left before the export was complete');
    if (raw.write(piece)) return;
    await new Promise<void>((resolve) => {
      raw.once('drain', resolve);
      raw.once('close', resolve);
    });
  };
  try {
    const tenant = tenantOf(caller);
    const found =
      (await ports.storedExports.write(tenant, order.id, sink)) || (await ports.exporter.write(tenant, order, sink));
    if (!found) throw refusedError('NOT_FOUND', 'The log has no checkpoint yet; try again in a second.');
    raw.end();
  } catch (error) {
    if (!isHijacked) throw error;
    ports.report(error, reply.request.id);
    raw.destroy();
  }
  return reply;
}
