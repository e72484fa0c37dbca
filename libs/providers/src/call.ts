import type { ClearedPrompt } from '@writ/classification';
import { type AnswerEvent, type EndpointKey, err, ok, type Permit, type Provider, type Result } from '@writ/domain';
import type { DecisionRecord, DispatchRecord, LogContext, Receipt } from '@writ/ledger';
import type { AuthorizedEndpoint, ProviderFault } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { readText } from './body.js';
import { broken, classOfStatus, detailOf } from './fault.js';
import { type Arrived, type Deadlines, send, standardDeadlines } from './transport.js';
import { observed } from './observed.js';
import { markFlows } from './translate/flows.js';
import { tokenSource } from './ask-token.js';
import { ServiceAccountTokens } from './gemini/service-account.js';
import { cannotServe, type Job, type Vendor } from './vendor.js';
import { vendors } from './vendors.js';
import { readJson } from './json/value.js';

/** How this lib recognises what only other rooms can make. A look-alike opens nothing. */
export interface Proofs {
  /** Made by the ledger's `commit`, not merely shaped like it. */
  isReceipt(value: object): boolean;
  isAuthorizedBy(endpoint: AuthorizedEndpoint, permit: Permit): boolean;
  /** Made by `fulfil`. */
  isCleared(prompt: ClearedPrompt): boolean;
}

export interface ProviderSettings {
  readonly proofs: Proofs;
  /** The guarded dispatcher that dials this endpoint; one pool per origin. */
  dispatcherFor(endpoint: AuthorizedEndpoint): Dispatcher;
  /** Opens a sealed provider key for one call. */
  openKey(log: LogContext, key: EndpointKey): Promise<string>;
  readonly deadlines?: Partial<Deadlines>;
  /** For the life of access tokens; the system's clock unless set. */
  readonly nowMs?: () => number;
}

export interface CallOptions {
  readonly model: string;
  readonly key: EndpointKey | undefined;
  readonly log: LogContext;
  readonly dispatch: Receipt<DispatchRecord> | undefined;
  readonly maxOutputTokens: number | undefined;
  /** W3C trace context, where the deployment traces. */
  readonly traceparent?: string;
  readonly signal: AbortSignal;
}

export interface CalledAnswer {
  readonly status: number;
  readonly upstreamRequestId?: string;
  readonly events: AsyncIterable<AnswerEvent>;
}

export interface Providers {
  call(
    permit: Receipt<DecisionRecord<Permit>>,
    endpoint: AuthorizedEndpoint,
    prompt: ClearedPrompt,
    how: CallOptions,
  ): Promise<Result<CalledAnswer, ProviderFault>>;
}

export function createProviders(settings: ProviderSettings): Providers {
  const tokens = new ServiceAccountTokens(settings.nowMs ?? (() => Date.now()));
  const deadlines = { ...standardDeadlines, ...settings.deadlines };
  const secrets = new OpenedSecrets(settings);
  return {
    async call(permit, endpoint, prompt, how) {
      demand(settings.proofs, permit, endpoint, prompt, how);
      const secret = secrets.known(how) ?? (await secrets.of(how));
      if (!secret.ok) return secret;
      const vendor: Vendor = vendors[endpoint.provider satisfies Provider];
      const { model, maxOutputTokens } = how;
      const job: Job = { endpoint, prompt, model, maxOutputTokens, secret: secret.value };
      const wire = vendor.write(job);
      if (!wire.ok) return wire;
      const url = URL.parse(wire.value.url);
      if (!url) return err(cannotServe('endpoint-url'));
      const stream = prompt.ask.stream;
      const dispatcher = settings.dispatcherFor(endpoint);
      const authorization =
        vendor.authorize && (await vendor.authorize(wire.value, job, tokenSource(tokens, dispatcher, deadlines)));
      if (authorization?.ok === false) return authorization;
      const sent = await send(dispatcher, {
        url,
        headers: {
          'content-type': 'application/json',
          accept: mediaTypeOf(vendor, stream),
          ...wire.value.headers,
          ...authorization?.value,
          'x-writ-decision': permit.record.id,
          ...(how.traceparent === undefined ? {} : { traceparent: how.traceparent }),
        },
        body: wire.value.body,
        signal: how.signal,
        deadlines,
      });
      if (!sent.ok) return sent;
      const arrived = sent.value;
      const found = faultOf(vendor, arrived, stream);
      const fault = found instanceof Promise ? await found : found;
      if (fault) return err(fault);
      return ok({
        status: arrived.status,
        ...requestId(arrived),
        events: readAll(vendor, arrived, { ...job, secret: undefined }),
      });
    },
  };
}

/** The promise at run time, should a cast have fooled the compiler. These are bugs, so they throw. */
function demand(
  proofs: Proofs,
  permit: Receipt<DecisionRecord<Permit>>,
  endpoint: AuthorizedEndpoint,
  prompt: ClearedPrompt,
  how: CallOptions,
): void {
  if (!proofs.isReceipt(permit)) throw new Error('no committed decision: nothing is sent');
  const { decision, request } = permit.record;
  if (decision.effect !== 'permit') throw new Error('the committed decision is no permit: nothing is sent');
  if (!proofs.isAuthorizedBy(endpoint, decision)) throw new Error('the permit does not authorize this endpoint');
  if (!proofs.isCleared(prompt)) throw new Error('the prompt is not cleared: nothing is sent');
  if (prompt.ask.request !== request) throw new Error('the permit is for another request: nothing is sent');
  const { dispatch } = how;
  if (dispatch === undefined) return;
  const matches = dispatch.record.request === request && dispatch.record.endpoint === endpoint.id;
  if (!proofs.isReceipt(dispatch) || !matches) throw new Error('the dispatch record is not for this attempt');
}

/**
 * Provider keys, opened once. One lives as long as the snapshot it stands in and serves that snapshot's content key alone:
 * whoever may not use the content key any more is refused before a key is asked for.
 */
class OpenedSecrets {
  readonly #opened = new WeakMap<EndpointKey, { readonly contentKey: Uint8Array; readonly secret: string }>();

  constructor(private readonly settings: Pick<ProviderSettings, 'openKey'>) {}

  /** Undefined while it must be opened. */
  known({ log, key }: CallOptions): Result<string | undefined, ProviderFault> | undefined {
    if (!key) return ok(undefined);
    const opened = this.#opened.get(key);
    return opened && opened.contentKey === log.contentKey ? ok(opened.secret) : undefined;
  }

  async of({ log, key }: CallOptions): Promise<Result<string | undefined, ProviderFault>> {
    if (!key) return ok(undefined);
    try {
      const secret = onOneLine(await this.settings.openKey(log, key));
      if (!/^[\x20-\x7e]+$/.test(secret)) return err({ class: 'credential', detail: 'key-not-printable' });
      this.#opened.set(key, { contentKey: log.contentKey, secret });
      return ok(secret);
    } catch {
      return err({ class: 'credential', detail: 'key-unreadable' });
    }
  }
}

/** A key file is JSON and may have been pasted with its line breaks; any other key is one line. */
function onOneLine(secret: string): string {
  return secret.startsWith('{') ? secret.replaceAll(/[\r\n\t]+/g, ' ').trim() : secret;
}

function mediaTypeOf(vendor: Vendor, stream: boolean): string {
  return vendor.contentType?.(stream) ?? (stream ? 'text/event-stream' : 'application/json');
}

/** Undefined when the answer is of the protocol that was asked for. */
function faultOf(
  vendor: Vendor,
  arrived: Arrived,
  stream: boolean,
): ProviderFault | Promise<ProviderFault> | undefined {
  const { status, headers } = arrived;
  if (headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined)
    return unfit(arrived, 'not-http both-lengths');
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') return unfit(arrived, 'content-coding');
  if (status >= 300 && status < 400) return unfit(arrived, `redirect-refused http-${status}`);
  if (status >= 400) return refused(vendor, arrived);
  if (status !== 200) return unfit(arrived, `http-${status}`);
  const expected = mediaTypeOf(vendor, stream);
  const type = (headers['content-type'] ?? '').toLowerCase();
  const fits = type === expected || type.startsWith(`${expected};`);
  return fits ? undefined : unfit(arrived, 'content-type');
}

function unfit(arrived: Arrived, detail: string): ProviderFault {
  arrived.discard();
  return { ...broken(detail).fault, status: arrived.status, ...requestId(arrived) };
}

async function refused(vendor: Vendor, arrived: Arrived): Promise<ProviderFault> {
  const { status, headers } = arrived;
  const error = vendor.errorOf(await errorBody(arrived), headers);
  const retryAfterSeconds = retryAfter(headers);
  return {
    class: vendor.classOf(status, error) ?? classOfStatus(status),
    status,
    detail: detailOf(status, error),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...requestId(arrived),
  };
}

/** The status has already said that it failed; a body that cannot be read adds nothing. */
async function errorBody(arrived: Arrived): Promise<unknown> {
  try {
    return readJson(await readText(arrived.chunks));
  } catch {
    return undefined;
  }
}

/** Seconds, or a date measured against the provider's own clock. */
export function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const milliseconds = Number(headers['retry-after-ms']);
  if (headers['retry-after-ms'] !== undefined && milliseconds >= 0) return milliseconds / 1000;
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const seconds = (Date.parse(value) - Date.parse(headers.date ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

const requestIdHeaders = ['x-request-id', 'request-id', 'x-amzn-requestid', 'apim-request-id'] as const;

function requestId({ headers }: Arrived): { readonly upstreamRequestId?: string } {
  for (const name of requestIdHeaders) {
    const value = headers[name];
    if (typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value)) return { upstreamRequestId: value };
  }
  return {};
}

/** A connection serves again only after an answer that ended as it should. */
function readAll(vendor: Vendor, arrived: Arrived, job: Job): AsyncIterable<AnswerEvent> {
  let ended = false;
  return observed(markFlows(vendor.read(arrived, job), job.prompt.ask.dialect), {
    event: ({ terminal }) => {
      ended = terminal;
    },
    over: () => {
      if (ended) arrived.finish();
      else arrived.discard();
    },
  });
}
