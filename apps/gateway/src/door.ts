import type { FastifyReply, FastifyRequest } from 'fastify';
import { limits, parseRequestId, refuse, type Ask, type Dialect, type Refusal, type Result } from '@writ/domain';
import { enforceOrRefuse, releaseConstant, type About, type Enforced, type Ports } from '@writ/enforcement';
import { uuidv7, type Log, type TraceSpan } from '@writ/platform';
import type { Tracing } from './traced.js';
import { checkMedia, headerText, readCredential, type CredentialReader } from './request.js';
import { sealResponse, type EncodedRefusal, type SealedResponse } from './socket.js';

/** What the door knows of a request beside its body. */
export type AskMeta = Pick<
  Ask,
  | 'request'
  | 'route'
  | 'receivedAt'
  | 'clientAddress'
  | 'userAgent'
  | 'justification'
  | 'conversation'
  | 'idempotencyKey'
>;

/** One dialect's way in and out. */
export interface Surface {
  readonly dialect: Dialect;
  readonly route: string;
  /** `path` is the canonical path of the request: some dialects name the model in it. */
  parse(path: string, body: Uint8Array, meta: AskMeta): Result<Ask, Refusal>;
  encodeRefusal(refusal: Refusal, request: string, about: About): EncodedRefusal;
}

export interface DoorDependencies {
  /** How long a caller may take nothing of its answer; the limit of the domain unless set. */
  readonly drainMs?: number;
  readonly ports: Ports;
  readonly log: Log;
  /** `readCredential` unless the deployment has other places. */
  readonly credentialOf?: CredentialReader;
  readonly observe: (enforced: Enforced, milliseconds: number, dialect: Dialect) => void;
  /** Where the deployment traces. */
  readonly tracing?: Pick<Tracing, 'begin'> | undefined;
}

/** Answers one request of one surface: steps 1 and 13, with everything between in `enforce`. */
export function door(surface: Surface, dependencies: DoorDependencies) {
  const { ports, log, observe, tracing } = dependencies;
  const { credentialOf = readCredential, drainMs = limits.upstreamIdleMs } = dependencies;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const from = ports.clock.monotonicMs();
    const hangUp = new AbortController();
    reply.hijack();
    // A close after the whole answer is no hang-up.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) hangUp.abort();
    });
    const socket = sealResponse(reply.raw, drainMs);
    const meta = metaOf(request, request.url.split('?', 1)[0] ?? '', ports.clock.nowMs());
    let span: TraceSpan | undefined;
    let outcome: string | undefined = 'internal';
    try {
      span = tracing?.begin(meta.request, surface.route, headerText(request.headers, 'traceparent', 64));
      const enforced = await admit(request, surface, meta, ports, hangUp.signal, log, credentialOf);
      observe(enforced, ports.clock.monotonicMs() - from, surface.dialect);
      outcome = enforced.kind === 'refused' ? enforced.refusal.code : undefined;
      const shown = shownRequest(surface, request, meta);
      if (enforced.kind === 'refused')
        socket.refuse(surface.encodeRefusal(enforced.refusal, shown, enforced.about), headersOf(shown, enforced.about));
      else if (enforced.kind === 'decided') await tell(socket, enforced, shown);
      else await send(socket, enforced, meta.request);
    } catch (error) {
      log.error({ err: error, request: meta.request }, 'a request failed at the door');
      if (reply.raw.headersSent) socket.destroy();
      else socket.refuse(surface.encodeRefusal(refuse('internal'), meta.request, {}), headersOf(meta.request, {}));
    } finally {
      span?.end(outcome);
    }
  };
}

async function admit(
  request: FastifyRequest,
  surface: Surface,
  meta: AskMeta,
  ports: Ports,
  hangUp: AbortSignal,
  log: Log,
  credentialOf: CredentialReader,
): Promise<Enforced> {
  const media = checkMedia(request.headers);
  if (media) return refusedAtDoor(ports, media, meta);
  const credential = credentialOf(request.raw);
  if (!credential.ok) return refusedAtDoor(ports, credential.error, meta);
  const body = request.body;
  const ask =
    body instanceof Uint8Array
      ? surface.parse(meta.route, body, meta)
      : ({ ok: false, error: refuse('request-malformed', { param: '/' }) } as const);
  if (!ask.ok) return refusedAtDoor(ports, ask.error, meta);
  return await enforceOrRefuse(ask.value, credential.value, ports, hangUp, (error) => {
    log.error({ err: error, request: meta.request }, 'a step of the request failed');
  });
}

function refusedAtDoor(ports: Ports, refusal: Refusal, meta: AskMeta): Enforced {
  ports.security.refused(refusal, meta.clientAddress);
  return { kind: 'refused', refusal, about: {} };
}

/** AuthZEN: a request id that the caller sent comes back as it was; every other dialect gets ours. */
function shownRequest(surface: Surface, request: FastifyRequest, meta: AskMeta): string {
  const sent = surface.dialect === 'authzen.evaluation' ? headerText(request.headers, 'x-request-id', 128) : undefined;
  return sent !== undefined && /^[\x21-\x7e]+$/.test(sent) ? sent : meta.request;
}

/** The whole answer of an evaluation, in one piece. */
async function tell(
  socket: SealedResponse,
  { about, released }: Extract<Enforced, { kind: 'decided' }>,
  request: string,
): Promise<void> {
  const headers = headersOf(request, about);
  headers['content-type'] = 'application/json';
  headers['content-length'] = String(released.bytes.length);
  headers['cache-control'] = 'no-store';
  socket.begin(200, headers);
  if (await socket.write(released)) socket.end();
  else socket.destroy();
}

/** Step 13. A failure after headers left sends the one constant event and cuts the connection without a terminal event. */
async function send(
  socket: SealedResponse,
  enforced: Extract<Enforced, { kind: 'answered' }>,
  request: string,
): Promise<void> {
  const { about, contentType, first } = enforced;
  const headers = headersOf(request, about);
  headers['content-type'] = contentType;
  // An answer that is whole says how long it is: one piece on the wire, and a reader knows where it ends.
  if (first.kind === 'window' && first.last) headers['content-length'] = String(first.released.bytes.length);
  headers['cache-control'] = 'no-store';
  socket.begin(200, headers);
  try {
    for (let step = first; ;) {
      if (step.kind === 'failure') {
        await socket.write(releaseConstant(enforced.encoder, step.refusal, request));
        socket.destroy();
        return;
      }
      const written = socket.write(step.released);
      const isAlive = written instanceof Promise ? await written : written;
      if (!isAlive) return socket.destroy();
      if (step.last) return socket.end();
      const next = await enforced.rest.next();
      if (next.done === true) return socket.destroy();
      step = next.value;
    }
  } finally {
    await enforced.rest.return();
  }
}

function metaOf(request: FastifyRequest, route: string, nowMs: number): AskMeta {
  const id = parseRequestId(uuidv7(nowMs));
  if (!id.ok) throw new Error(id.error);
  const justification = headerText(request.headers, 'x-writ-justification', 512);
  const conversation = headerText(request.headers, 'x-writ-conversation', 128);
  const idempotencyKey = headerText(request.headers, 'idempotency-key', 128);
  return {
    request: id.value,
    route,
    receivedAt: nowMs,
    clientAddress: request.socket.remoteAddress ?? '',
    userAgent: headerText(request.headers, 'user-agent', 256) ?? '',
    ...(justification === undefined ? {} : { justification }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/** Ids and names only; values that could carry a line break are encoded. */
export function headersOf(request: string, about: About): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': request };
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '')
      headers[name] = /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed());
  };
  put('x-writ-decision', about.decisionId);
  put('x-writ-effect', about.effect);
  put('x-writ-receipt', about.receipt);
  put('x-writ-policy', about.policy);
  put('x-writ-rules', about.rules?.join(','));
  put('x-writ-endpoint', about.endpoint);
  put('x-writ-transparency', about.markers?.join(','));
  put('x-writ-classes', about.classes?.join(','));
  const { limits: standing = {} } = about;
  for (const name of Object.keys(standing)) put(name, standing[name]);
  const { phasesMs = {} } = about;
  let timing = '';
  for (const name of Object.keys(phasesMs)) timing += `${timing === '' ? '' : ', '}${name};dur=${phasesMs[name]}`;
  put('server-timing', timing);
  return headers;
}
