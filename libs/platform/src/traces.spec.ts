import { describe, expect, it } from '@jest/globals';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { createTraces, parseTraceparent } from './traces.js';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const header = `00-${ids.traceId}-${ids.spanId}-01`;

describe('a traceparent header', () => {
  it('is read as W3C Trace Context says', () => {
    expect(parseTraceparent(header)).toEqual({ ...ids, traceFlags: 1 });
    expect(parseTraceparent(`00-${ids.traceId}-${ids.spanId}-00`)?.traceFlags).toBe(0);
  });

  it.each([
    undefined,
    '',
    header.toUpperCase(),
    `01${header.slice(2)}`,
    `${header}-more`,
    ` ${header}`,
    `00-${'0'.repeat(32)}-${ids.spanId}-01`,
    `00-${ids.traceId}-${'0'.repeat(16)}-01`,
  ])('is not believed when it is %j', (bad) => {
    expect(parseTraceparent(bad)).toBeUndefined();
  });
});

describe('traces', () => {
  it('continue the caller’s, and pass it on to whoever is called', async () => {
    const exporter = new InMemorySpanExporter();
    const traces = createTraces(exporter, 'test');
    const server = traces.begin('POST /v1/chat/completions', header);
    const call = server.child('chat m', { 'gen_ai.request.model': 'm' });
    expect(call.traceparent).toMatch(new RegExp(`^00-${ids.traceId}-[0-9a-f]{16}-01$`));
    call.end('rate-limited');
    server.end();
    const exported: { readonly name: string; readonly parent: string | undefined; readonly error: unknown }[] = [];
    exporter.shutdown = () => {
      for (const span of exporter.getFinishedSpans())
        exported.push({
          name: span.name,
          parent: span.parentSpanContext?.spanId,
          error: span.attributes['error.type'],
        });
      return Promise.resolve();
    };
    await traces.close();
    expect(exported).toEqual([
      { name: 'chat m', parent: server.traceparent.split('-')[2], error: 'rate-limited' },
      { name: 'POST /v1/chat/completions', parent: ids.spanId, error: undefined },
    ]);
  });
});
