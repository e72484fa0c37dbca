import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { health } from '@writ/nest';
import type { GraphQLSchema } from 'graphql';
import { type RequestListener, createServer } from 'node:http';
import { bootstrapKey, issuerPath, openBootstrapIssuer } from './bootstrap/issuer.js';
import { passkeyRoutes } from './bootstrap/passkey-routes.js';
import { Passkeys } from './bootstrap/passkeys.js';
import { passkeyPages } from './bootstrap/passkey-pages.js';
import { bootstrapProvider } from './bootstrap/provider.js';
import { RelyingParty } from './bootstrap/relying-party.js';
import { Administration } from './administration.js';
import { exportRoute } from './door/export-route.js';
import { TenantApiModule } from './door/graphql.module.js';
import { proofRoute } from './door/proof-route.js';
import { screen } from './door/screen.js';
import type { Ports } from './ports.js';
import { scimRoutes } from './scim/routes.js';
import type { TenantApiSettings } from './settings.js';
import { finishDeletions, finishingDeletions } from './unfinished-deletions.js';
import { wire } from './wiring.js';

export interface TenantApi {
  readonly url: string;
  readonly port: number;
  readonly schema: GraphQLSchema;
  close(): Promise<void>;
}

/** The tenant API with its real neighbours. `close` ends them too. */
export async function startTenantApi(settings: TenantApiSettings): Promise<TenantApi> {
  const wiring = await wire(settings);
  const api = await serveTenantApi(settings, wiring.ports, () => wiring.notReady());
  return {
    ...api,
    async close() {
      await api.close();
      await wiring.close();
    },
  };
}

/** For operators: finishes every deletion that was left half done, now, prints a line of JSON for each, and ends. */
export async function finishDeletionsNow(settings: TenantApiSettings, say: (line: string) => void): Promise<void> {
  const wiring = await wire(settings);
  try {
    const found = await finishDeletions(wiring.ports, 0);
    for (const done of found) say(JSON.stringify(done));
    if (found.length === 0) say(JSON.stringify({ outcome: 'nothing was left half done' }));
  } finally {
    await wiring.close();
  }
}

/** Serves the tenant API on the given ports. */
export async function serveTenantApi(
  settings: TenantApiSettings,
  ports: Ports,
  notReady: () => readonly string[] = () => [],
): Promise<TenantApi> {
  const issuer = await openBootstrapIssuer({
    control: ports.control,
    kms: ports.kms,
    issuer: settings.publicUrl,
    audience: settings.adminAudience,
    nowMs: ports.nowMs,
  });
  const { publicUrl, adminAudience } = settings;
  const key = await bootstrapKey(ports);
  const secret = createHmac('sha256', String(key['d'])).update('writ/challenges').digest();
  const relyingParty = new RelyingParty(publicUrl, secret, ports.nowMs);
  const passkeys = new Passkeys(ports, relyingParty);
  const provider = bootstrapProvider({ ports, passkeys, publicUrl, adminAudience, key });
  const adapter = new FastifyAdapter({
    // The OpenID provider is an application of its own: it reads its own bodies and sets its own cookies.
    serverFactory: (handler: RequestListener) =>
      createServer((request, response) => {
        const isProviders = request.url === issuerPath || request.url?.startsWith(`${issuerPath}/`) === true;
        return isProviders ? provider(request, response) : handler(request, response);
      }),
    bodyLimit: 512 * 1024,
    genReqId: () => ports.newId(),
    requestIdHeader: false,
    trustProxy: false,
    logger: false,
    requestTimeout: 30_000,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    TenantApiModule.of({ ports, issuer, settings, relyingParty }),
    adapter,
    {
      // Failures reach the operators through `report`, once; Nest would print them again, with what they carry.
      logger: false,
      abortOnError: false,
    },
  );
  const fastify = app.getHttpAdapter().getInstance();
  const schema = (): GraphQLSchema => (fastify as unknown as { graphql: { schema: GraphQLSchema } }).graphql.schema;
  screen(fastify, ports, issuer, schema);
  exportRoute(fastify, ports, issuer, app.get(Administration));
  proofRoute(fastify, ports, issuer, app.get(Administration));
  fastify.get('/.well-known/jwks.json', async () => issuer.jwks);
  scimRoutes(fastify, ports, settings.publicUrl);
  passkeyRoutes(fastify, ports, issuer, passkeys);
  passkeyPages(fastify);
  health(fastify, { notReady });
  const finishing = finishingDeletions(ports);
  await app.listen(settings.listenPort, settings.listenHost);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = settings.listenHost.includes(':') ? `[${settings.listenHost}]` : settings.listenHost;
  const close = (): Promise<void> => {
    finishing.stop();
    return app.close();
  };
  return { url: `http://${host}:${port}`, port, schema: schema(), close };
}
