import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Attributes,
  type Span,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { genAi } from './gen-ai.js';

/** One span under way. Attributes are names, counts and times; content and credentials never are. */
export interface TraceSpan {
  /** W3C Trace Context, for whoever is called next. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  child(name: string, attributes: Attributes): TraceSpan;
  /** `error` is a stable code, such as a refusal's or a fault's class. */
  end(error?: string): void;
}

export interface Traces {
  /** A server span: the child of what the header names, where it is well-formed, and otherwise the root of a new trace. */
  begin(name: string, traceparent: string | undefined): TraceSpan;
  close(): Promise<void>;
}

/** To an OTLP/HTTP collector. A collector that is out costs spans, never a request. */
export function otlpTraces(url: string, service: string): Traces {
  return createTraces(new OTLPTraceExporter({ url, timeoutMillis: 5_000 }), service);
}

export function createTraces(exporter: SpanExporter, service: string): Traces {
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: 2_048,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 2_000,
    exportTimeoutMillis: 5_000,
  });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer(service, genAi.conventions);
  const wrap = (span: Span): TraceSpan => ({
    traceparent: traceparentOf(span),
    set: (attributes) => void span.setAttributes(attributes),
    child: (name, attributes) =>
      wrap(tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, trace.setSpan(ROOT_CONTEXT, span))),
    end(error) {
      if (error !== undefined) {
        span.setAttribute(genAi.attribute.errorType, error);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  });
  return {
    begin(name, traceparent) {
      const parent = parseTraceparent(traceparent);
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT;
      return wrap(tracer.startSpan(name, { kind: SpanKind.SERVER }, context));
    },
    async close() {
      await provider.shutdown();
    },
  };
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** W3C Trace Context, level 1: version 00 exactly, and no id of zeros. */
export function parseTraceparent(
  header: string | undefined,
): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number } | undefined {
  const found = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? '');
  if (!found) return undefined;
  const [, traceId, spanId, flags] = found as unknown as [string, string, string, string];
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED };
}
