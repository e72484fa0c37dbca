import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnswerInspector, ClearedPrompt } from '@writ/classification';
import {
  type AnswerEvent,
  type Ask,
  type Endpoint,
  type Permit,
  parseRecordId,
  parseRequestId,
  type Refusal,
  type Result,
} from '@writ/domain';
import type { DecisionRecord, LogContext, Receipt } from '@writ/ledger';
import { guardedDispatcher } from '@writ/platform';
import {
  createProviders,
  dialectOf,
  dialects,
  encodeRefusal,
  parseRoute,
  type ProviderSettings,
} from '@writ/providers';
import type { AuthorizedEndpoint, ProviderFault } from '@writ/routing';
import { must } from '../../support/index.js';

const request = must(parseRequestId('0190a0a0-0000-7000-8000-000000000001'));
const decisionId = must(parseRecordId('0190a0a0-0000-7000-8000-000000000002'));

/** What happened last, for assertions. */
export interface Passed {
  ask?: Ask;
  fault?: ProviderFault;
  readonly events: AnswerEvent[];
}

export interface Passage {
  url: string;
  last: Passed;
  /** What the inspector would do to an event on its way out. */
  rewrite: (event: AnswerEvent) => AnswerEvent;
  /** The real inspector, where a test wants it. */
  inspect: ((ask: Ask) => AnswerInspector) | undefined;
  stop(): Promise<void>;
}

/**
 * The two ends of the way and nothing between: door → provider → encoder. It stands for no rule of the product; it lets the
 * published SDKs judge the adapters alone.
 */
export async function openPassage(
  endpoint: Endpoint,
  allowHosts: readonly string[],
  deadlines: NonNullable<ProviderSettings['deadlines']> = {},
): Promise<Passage> {
  const dispatcher = guardedDispatcher({ allowHosts, connectMs: 5_000 });
  const providers = createProviders({
    proofs: { isReceipt: () => true, isAuthorizedBy: () => true, isCleared: () => true },
    dispatcherFor: () => dispatcher,
    openKey: async (_, key) => key.sealed,
    deadlines,
  });
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const passage: Passage = {
    url: '',
    last: { events: [] },
    rewrite: (event: AnswerEvent) => event,
    inspect: undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dispatcher.destroy();
    },
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    passage.last = { events: [] };
    const route = new URL(incoming.url ?? '/', 'http://passage').pathname;
    const parsed = parseRoute(route, await bytesOf(incoming), metaOf(route));
    if (!parsed.ok) return refuseWith(response, route, parsed.error);
    const ask = (passage.last.ask = parsed.value);
    const hangUp = new AbortController();
    response.once('close', () => hangUp.abort());
    const called = await providers.call(aPermit(), endpoint as AuthorizedEndpoint, cleared(ask), {
      model: endpoint.models[0] ?? ask.model,
      key: endpoint.keys[0],
      log: {} as LogContext,
      dispatch: undefined,
      maxOutputTokens: undefined,
      signal: hangUp.signal,
    });
    if (!called.ok) {
      passage.last.fault = called.error;
      return refuseWith(response, route, { code: 'provider-unavailable', detail: called.error.class });
    }
    const encoder = dialects.encoder(ask, endpoint.models[0] ?? ask.model);
    const inspector = passage.inspect?.(ask);
    response.writeHead(200, { 'content-type': encoder.contentType });
    try {
      for await (const event of called.value.events) {
        passage.last.events.push(event);
        const leaving = inspector ? inspector.push(event).events : [passage.rewrite(event)];
        for (const one of leaving) response.write(encoder.encode(one));
      }
      response.end();
    } catch (error) {
      passage.last.fault = (error as { fault: ProviderFault }).fault;
      response.write(encoder.failure({ code: 'provider-protocol' }, request));
      response.destroy();
    }
  };

  passage.url = await listen(server);
  return passage;
}

export function cleared(ask: Ask): ClearedPrompt {
  const { source, leaves } = ask;
  return { ask, source, leaves, redactions: 0, restorations: new Map() } as unknown as ClearedPrompt;
}

export function aPermit(): Receipt<DecisionRecord<Permit>> {
  const record = { id: decisionId, request, decision: { effect: 'permit' } };
  return { record, leafHash: '', level: 'committed' } as unknown as Receipt<DecisionRecord<Permit>>;
}

export function metaOf(route: string): Parameters<typeof parseRoute>[2] {
  return { request, route, receivedAt: 1_760_000_000_000, clientAddress: '192.0.2.1', userAgent: 'test' };
}

export async function eventsOf(
  answer: Result<{ readonly events: AsyncIterable<AnswerEvent> }, ProviderFault>,
): Promise<AnswerEvent[]> {
  const list: AnswerEvent[] = [];
  for await (const event of must(answer).events) list.push(event);
  return list;
}

function refuseWith(response: ServerResponse, route: string, refusal: Refusal): void {
  const { status, headers, body } = encodeRefusal(dialectOf(route), refusal, request, decisionId);
  response.writeHead(status, headers).end(body);
}

async function bytesOf(incoming: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
