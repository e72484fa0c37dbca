import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse, type Refusal, type Result, type Snapshot } from '@writ/domain';
import { standingOf, type Ports } from '@writ/enforcement';
import type { Surface } from './door.js';
import { refuseWith } from './refuse.js';
import { readCredential, type CredentialReader } from './request.js';

export interface ModelsDependencies {
  readonly ports: Ports;
  readonly credentialOf?: CredentialReader;
}

/** `GET /v1/models` and `/v1/models/{id}`: the tenant's aliases, for an identified subject. No model is reached. */
export function modelRoutes(server: FastifyInstance, surface: Surface, dependencies: ModelsDependencies): void {
  server.get('/v1/models', async (request, reply) => {
    const snapshot = await snapshotOfCaller(request, dependencies);
    if (!snapshot.ok) return await refuseWith(reply, surface, snapshot.error);
    return { object: 'list', data: snapshot.value.aliases.map((alias) => model(alias.name, snapshot.value)) };
  });
  server.get<{ Params: { id: string } }>('/v1/models/:id', async (request, reply) => {
    const snapshot = await snapshotOfCaller(request, dependencies);
    if (!snapshot.ok) return await refuseWith(reply, surface, snapshot.error);
    const found = snapshot.value.aliases.find((alias) => alias.name === request.params.id);
    return found
      ? model(found.name, snapshot.value)
      : await refuseWith(reply, surface, refuse('model-unknown', { param: 'model' }));
  });
}

function model(id: string, snapshot: Snapshot): { id: string; object: 'model'; created: number; owned_by: string } {
  return { id, object: 'model', created: Math.floor(snapshot.publishedAt / 1_000), owned_by: 'tenant' };
}

async function snapshotOfCaller(
  request: FastifyRequest,
  { ports, credentialOf = readCredential }: ModelsDependencies,
): Promise<Result<Snapshot, Refusal>> {
  const refused = (error: Refusal): Result<Snapshot, Refusal> => {
    ports.security.refused(error, request.socket.remoteAddress ?? '');
    return { ok: false, error };
  };
  const credential = credentialOf(request.raw);
  if (!credential.ok) return refused(credential.error);
  const identified = await ports.identity.identify(credential.value);
  if (!identified.ok) return refused(identified.error);
  const current = await ports.snapshots.current(identified.value.tenant);
  if (!current.ok) return { ok: false, error: current.error.refusal };
  if (current.value.snapshot.state === 'suspended') return { ok: false, error: refuse('tenant-suspended') };
  if (standingOf(identified.value.subject, current.value.snapshot).isWithdrawn)
    return refused(refuse('subject-withdrawn'));
  return { ok: true, value: current.value.snapshot };
}
