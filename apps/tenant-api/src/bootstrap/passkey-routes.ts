import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { authenticate } from '../authenticate.js';
import type { Ports } from '../ports.js';
import type { BootstrapIssuer } from './issuer.js';
import type { Passkeys } from './passkeys.js';

/** `POST /passkeys/options`, then `POST /passkeys`: a setup subject adds a passkey, so that no code is needed next time. */
export function passkeyRoutes(app: FastifyInstance, ports: Ports, issuer: BootstrapIssuer, passkeys: Passkeys): void {
  const asSetup = async (request: FastifyRequest, reply: FastifyReply): Promise<string | undefined> => {
    try {
      const { authorization } = request.headers;
      const caller = await authenticate(ports, issuer, { authorization, method: request.method, url: request.url });
      if (caller.kind === 'setup') return caller.signUp;
    } catch (cause) {
      if (!(cause instanceof GraphQLError)) throw cause;
    }
    void reply
      .code(401)
      .send({ error: 'Send a setup token as `Authorization: Bearer`; passkeys are for setup subjects.' });
    return undefined;
  };
  app.post('/passkeys/options', async (request, reply) => {
    const signUp = await asSetup(request, reply);
    return signUp === undefined ? reply : passkeys.offerRegistration(signUp);
  });
  app.post('/passkeys', async (request, reply) => {
    const signUp = await asSetup(request, reply);
    if (signUp === undefined) return reply;
    const done = await passkeys.register(signUp, request.body as RegistrationResponseJSON);
    return done.ok
      ? reply.code(201).send({ registered: true })
      : reply.code(400).send({ error: 'The passkey could not be verified; ask for new options and try again.' });
  });
}
