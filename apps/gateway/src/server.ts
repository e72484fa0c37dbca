import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { limits, refuse, type Refusal } from '@writ/domain';
import { guardConnections, type Patience, standardPatience } from './connections.js';
import { door, type DoorDependencies, type Surface } from './door.js';
import { modelRoutes, type ModelsDependencies } from './models.js';
import { refuseWith } from './refuse.js';
import { checkHeaders, checkPath } from './request.js';
import { surfaceFor } from './surfaces.js';

@Module({})
class GatewayModule {}

/** Nest would answer unknown routes and errors in its own words; here both are refusals, set with the routes. */
class GatewayAdapter extends FastifyAdapter {
  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance();
  }
  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.getInstance();
  }
}

export interface ServerDependencies extends DoorDependencies, ModelsDependencies {
  readonly surfaces: readonly Surface[];
  /** True once the process is draining: answers carry `connection: close`. */
  readonly isDraining: () => boolean;
  /** Why this instance answers nothing, whoever asks: before any credential is judged by a clock that is wrong. */
  readonly outOfService?: () => Refusal | undefined;
  /** How long callers may take; the limits of the domain unless set. */
  readonly patience?: Partial<Patience>;
  /** The gateway's own certificate and key, PEM; without it TLS ends in front of the gateway. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** The gateway's HTTP application. Nest starts and stops it; the routes are plain handlers, so their order is visible. */
export async function createServer(dependencies: ServerDependencies): Promise<NestFastifyApplication> {
  const patience = { ...standardPatience, ...dependencies.patience };
  const adapter = new GatewayAdapter({
    bodyLimit: limits.requestBytes,
    exposeHeadRoutes: false,
    trustProxy: false,
    connectionTimeout: 0,
    requestTimeout: patience.requestMs,
    keepAliveTimeout: 75_000,
    ...listenerOf(dependencies.tls, patience),
    routerOptions: { maxParamLength: 128, ignoreTrailingSlash: false },
    // There is no middleware, so no request walks an empty list of it.
    skipMiddie: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule, adapter, {
    logger: false,
    bodyParser: false,
  });
  registerRoutes(adapter.getInstance<FastifyInstance>(), dependencies);
  await app.init();
  await adapter.getInstance<FastifyInstance>().ready();
  guardConnections(app.getHttpServer(), patience);
  return app;
}

/**
 * With TLS, any client certificate is asked for and taken: the handshake proves possession, and whose authority counts is
 * each tenant's to say, not this listener's.
 */
function listenerOf(tls: ServerDependencies['tls'], { headersMs, checkMs }: Patience): object {
  const bounds = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: headersMs,
    connectionsCheckingInterval: checkMs,
  };
  if (tls === undefined) return { http: bounds };
  return { https: { ...bounds, ...tls, minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: false } };
}

/** Every route of the public listener. `test/coverage` enumerates the router and finds each one guarded. */
export function registerRoutes(server: FastifyInstance, dependencies: ServerDependencies): void {
  const { surfaces, isDraining } = dependencies;
  const { idleMs } = { ...standardPatience, ...dependencies.patience };
  server.removeAllContentTypeParsers();
  // The one type that is served is named, too: Fastify reads a type anew that it only knows by the star.
  for (const type of ['application/json', '*'])
    server.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Hooks that call back: one that is asynchronous costs every request a turn of the promise queue.
  server.addHook('onRequest', (request, reply, done) => {
    if (isDraining()) reply.raw.setHeader('connection', 'close');
    request.raw.socket.setTimeout(idleMs);
    const out = dependencies.outOfService?.() ?? wrongWith(request.raw);
    if (out === undefined) done();
    else void refuseWith(reply, surfaceFor(pathOf(request)), out);
  });
  // The body is here: from now on the wait is ours, or the provider's.
  server.addHook('preHandler', (request, _reply, done) => {
    request.raw.socket.setTimeout(0);
    done();
  });
  server.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (error.statusCode === undefined || error.statusCode >= 500)
      dependencies.log.error({ err: error }, 'a request failed before its door');
    await refuseWith(reply, surfaceFor(pathOf(request)), refusalOfHttpError(error));
  });
  server.setNotFoundHandler(async (request, reply) => {
    const known = surfaces.some((surface) => surface.route === pathOf(request));
    await refuseWith(reply, surfaceFor(pathOf(request)), refuse(known ? 'method-not-allowed' : 'route-unknown'));
  });
  for (const surface of surfaces) server.post(surface.route, door(surface, dependencies));
  modelRoutes(server, surfaceFor('/v1/models'), dependencies);
}

/** What is refused before the body is read, whoever sent it. */
function wrongWith({ httpVersion, url, rawHeaders }: IncomingMessage): Refusal | undefined {
  if (httpVersion !== '1.1') return refuse('upgrade-refused');
  const path = checkPath(url ?? '');
  return path.ok ? checkHeaders(rawHeaders) : path.error;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

export function refusalOfHttpError(error: FastifyError): Refusal {
  switch (error.statusCode) {
    case 413:
      return refuse('request-too-large');
    case 415:
      return refuse('unsupported-media');
    case 400:
      return refuse('request-malformed', { param: '/' });
    default:
      return refuse('internal');
  }
}
