import type { AnswerEvent, Permit, Result } from '@writ/domain';
import { err, ok } from '@writ/domain';
import type { AnswerEncoder, DialectPort, ProviderAnswer, ProviderFailure, ProviderPort } from '@writ/enforcement';
import type { DecisionRecord, Receipt } from '@writ/ledger';
import { isAuthorizedBy, type ProviderFault } from '@writ/routing';

/** What an endpoint does with one call. */
export interface Script {
  /** Refuses at once. */
  readonly fault?: ProviderFault;
  /** Pieces of the answer's text, one event each. */
  readonly pieces: readonly string[];
  /** Breaks after this many pieces. */
  readonly breaksAfter?: number;
  /** Sends more after its terminal event. */
  readonly talksOn?: boolean;
}

export interface Arrival {
  readonly endpoint: string;
  readonly decision: string;
  readonly request: string;
  readonly prompt: string;
  /** What the store knew when the request arrived: invariant I2. */
  readonly decisionWasDurable: boolean;
}

class Broken extends Error implements ProviderFailure {
  readonly fault: ProviderFault = { class: 'broken-stream', detail: 'scripted' };
}

/** Model providers in memory: they note every request with what was durable then, and answer by script. */
export class ProviderTwin implements ProviderPort {
  readonly arrivals: Arrival[] = [];

  constructor(
    readonly scriptFor: (endpoint: string, call: number) => Script,
    readonly isDurable: (permit: Receipt<DecisionRecord<Permit>>) => boolean,
  ) {}

  async call(
    permit: Parameters<ProviderPort['call']>[0],
    endpoint: Parameters<ProviderPort['call']>[1],
    prompt: Parameters<ProviderPort['call']>[2],
    how: Parameters<ProviderPort['call']>[3],
  ): Promise<Result<ProviderAnswer, ProviderFault>> {
    if (!isAuthorizedBy(endpoint, permit.record.decision))
      throw new Error('the endpoint is outside the authorized set');
    const call = this.arrivals.filter((arrival) => arrival.endpoint === endpoint.id).length;
    this.arrivals.push({
      endpoint: endpoint.id,
      decision: permit.record.id,
      request: permit.record.request,
      prompt: prompt.source,
      decisionWasDurable: this.isDurable(permit),
    });
    const script = this.scriptFor(endpoint.id, call);
    if (script.fault) return err(script.fault);
    const events = prompt.ask.stream ? streamed(script, how.model, how.signal) : buffered(script, how.model);
    return Promise.resolve(ok({ status: 200, upstreamRequestId: `up-${this.arrivals.length}`, events }));
  }
}

const usage = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

async function* streamed(script: Script, model: string, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  yield { parts: [{ kind: 'start', id: 'answer-1', model }], terminal: false };
  for (const [at, text] of script.pieces.entries()) {
    if (signal.aborted || at === script.breaksAfter) throw new Broken('scripted');
    yield await Promise.resolve({ parts: [{ kind: 'text', choice: 0, text }], terminal: false });
  }
  if (script.breaksAfter === script.pieces.length) throw new Broken('scripted');
  yield { parts: [{ kind: 'finish', choice: 0, reason: 'stop' }], terminal: false };
  yield { parts: [{ kind: 'usage', usage }], terminal: false };
  yield { parts: [], terminal: true };
  if (script.talksOn) yield { parts: [{ kind: 'text', choice: 0, text: 'after the end' }], terminal: false };
}

async function* buffered(script: Script, model: string): AsyncGenerator<AnswerEvent> {
  if (script.breaksAfter !== undefined) throw new Broken('scripted');
  const text = script.pieces.join('');
  yield await Promise.resolve({
    parts: [
      { kind: 'start', id: 'answer-1', model },
      { kind: 'text', choice: 0, text },
      { kind: 'finish', choice: 0, reason: 'stop' },
      { kind: 'usage', usage },
    ],
    terminal: true,
  });
}

/** A dialect of one line of JSON an event: enough to see every byte, and what was redacted in it. */
export const dialectTwin: DialectPort = {
  encoder: (): AnswerEncoder => ({
    contentType: 'application/jsonl',
    encode: (event) =>
      Buffer.from(event.terminal && event.parts.length === 0 ? '[end]\n' : `${JSON.stringify(event.parts)}\n`),
    failure: (refusal) => Buffer.from(`[failed:${refusal.code}]\n`),
    keepAlive: Buffer.from(':\n'),
  }),
  handedOver: ({ decisionId, permit, prompt }) =>
    Buffer.from(`${JSON.stringify({ decisionId, endpoints: permit.authorizedEndpoints, prompt: prompt.source })}\n`),
};
