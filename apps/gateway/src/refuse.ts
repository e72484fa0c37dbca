import type { FastifyReply } from 'fastify';
import type { Refusal } from '@writ/domain';
import { uuidv7 } from '@writ/platform';
import { headersOf, type Surface } from './door.js';

/** A refusal where no request was admitted; the body comes from the refusal table alone. */
export function refuseWith(reply: FastifyReply, surface: Surface, refusal: Refusal): FastifyReply {
  const request = uuidv7(Date.now());
  const encoded = surface.encodeRefusal(refusal, request, {});
  return reply
    .code(encoded.status)
    .headers({ ...headersOf(request, {}), ...encoded.headers })
    .send(Buffer.from(encoded.body));
}
