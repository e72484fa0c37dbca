import type { AnswerEvent, Usage } from '@writ/domain';
import type { Ports, ProviderAnswer } from '@writ/enforcement';
import { genAi, type TraceSpan, type Traces } from '@writ/platform';
import { observed } from '@writ/providers';

/** Spans of the requests under way, by request id; a request without one is not traced. */
export interface Tracing {
  begin(request: string, route: string, traceparent: string | undefined): TraceSpan;
  /** The same ports; each call of a provider is a span, and the provider gets its W3C trace context. */
  around(ports: Ports): Ports;
  close(): Promise<void>;
}

const { attribute } = genAi;

export function createTracing(traces: Traces): Tracing {
  const running = new Map<string, TraceSpan>();
  return {
    begin(request, route, traceparent) {
      const span = traces.begin(`POST ${route}`, traceparent);
      running.set(request, span);
      return {
        ...span,
        end(error) {
          running.delete(request);
          span.end(error);
        },
      };
    },
    around(ports) {
      const { providers, clock } = ports;
      return {
        ...ports,
        providers: {
          async call(permit, endpoint, prompt, how) {
            const parent = running.get(permit.record.request);
            if (!parent) return providers.call(permit, endpoint, prompt, how);
            const operation = genAi.operationName[permit.record.action] ?? permit.record.action;
            const span = parent.child(`${operation} ${how.model}`, {
              [attribute.operationName]: operation,
              [attribute.providerName]: genAi.providerName[endpoint.provider] ?? endpoint.provider,
              [attribute.requestModel]: how.model,
              [attribute.requestStream]: permit.record.stream,
              [attribute.requestChoices]: prompt.ask.choices,
              [attribute.decision]: permit.record.id,
              ...(how.maxOutputTokens === undefined ? {} : { [attribute.requestMaxTokens]: how.maxOutputTokens }),
              ...serverOf(endpoint.baseUrl),
            });
            const from = clock.monotonicMs();
            const called = await providers.call(permit, endpoint, prompt, { ...how, traceparent: span.traceparent });
            if (!called.ok) {
              span.end(called.error.class);
              return called;
            }
            const seconds = (): number => (clock.monotonicMs() - from) / 1_000;
            return { ok: true, value: { ...called.value, events: traced(called.value, span, seconds) } };
          },
        },
      };
    },
    close: () => traces.close(),
  };
}

function serverOf(baseUrl: string): Readonly<Record<string, string | number>> {
  const url = URL.parse(baseUrl);
  if (!url) return {};
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return { [attribute.serverAddress]: url.hostname, [attribute.serverPort]: port };
}

/** The same events; their names and counts become attributes, their texts never do. */
function traced({ events }: ProviderAnswer, span: TraceSpan, seconds: () => number): AsyncIterable<AnswerEvent> {
  let isFirst = true;
  return observed(events, {
    event({ parts }) {
      if (isFirst) span.set({ [attribute.timeToFirstChunk]: seconds() });
      isFirst = false;
      for (const part of parts) note(span, part);
    },
    over: (how) => span.end(how === 'broken' ? 'broken-stream' : undefined),
  });
}

function note(span: TraceSpan, part: AnswerEvent['parts'][number]): void {
  if (part.kind === 'start') span.set({ [attribute.responseId]: part.id, [attribute.responseModel]: part.model });
  if (part.kind === 'finish') span.set({ [attribute.finishReasons]: [part.reason] });
  if (part.kind === 'usage') span.set(usageAttributes(part.usage));
}

function usageAttributes(usage: Usage): Readonly<Record<string, number>> {
  return {
    [attribute.inputTokens]: usage.inputTokens,
    [attribute.outputTokens]: usage.outputTokens,
    [attribute.reasoningTokens]: usage.reasoningTokens,
    [attribute.cacheReadTokens]: usage.cacheReadTokens,
    [attribute.cacheWriteTokens]: usage.cacheWriteTokens,
  };
}
