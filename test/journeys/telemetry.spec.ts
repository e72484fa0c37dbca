import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMeasures, createServer, createTracing, measuredPorts, surfaces, type Tracing } from '@writ/gateway';
import { createMetrics, createTraces, genAi, type Log } from '@writ/platform';
import { dialects } from '@writ/providers';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { AddressInfo } from 'node:net';
import { House } from '../support/house.js';
import type { Script } from '../support/provider-twin.js';

const canaries = {
  prompt: 'canary-prompt-7f3a',
  answer: 'canary-answer-91bd',
  credential: 'canary-credential-55e2',
  tool: 'canary-tool-c0de',
};
const trace = '0af7651916cd43dd8448eb211c80319c';
const caller = 'b7ad6b7169203331';

/** By the model that is asked for: what its endpoint does. */
let script: Script = { pieces: [canaries.answer] };
const house = new House({ realTime: true, script: () => script });
const lines: unknown[] = [];
const log: Log = Object.fromEntries(
  ['info', 'warn', 'error', 'debug'].map((level) => [level, (...said: unknown[]) => void lines.push(said)]),
) as unknown as Log;
const measures = createMeasures(createMetrics());
const spans: ReadableSpan[] = [];
const traceparents: (string | undefined)[] = [];
let tracing: Tracing;
let url = '';
let close: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  const exporter = new InMemorySpanExporter();
  exporter.shutdown = () => Promise.resolve(void spans.push(...exporter.getFinishedSpans()));
  tracing = createTracing(createTraces(exporter, 'test'));
  const inner = {
    ...house.ports,
    dialects,
    providers: {
      call: (...call: Parameters<typeof house.ports.providers.call>) => {
        traceparents.push(call[3].traceparent);
        return house.ports.providers.call(...call);
      },
    },
  };
  const app = await createServer({
    ports: tracing.around(measuredPorts(inner, measures)),
    log,
    surfaces,
    observe: (...seen) => measures.answered(...seen),
    tracing,
    isDraining: () => false,
  });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/v1/chat/completions`;
  close = () => app.close();
});
afterAll(() => close());

async function ask(more: object = {}, token = 'good'): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      traceparent: `00-${trace}-${caller}-01`,
    },
    body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: canaries.prompt }], ...more }),
  });
  return { status: response.status, body: await response.text() };
}

describe('telemetry', () => {
  it('I7: no prompt, answer or credential is in a log line, a metric, a span or the body of a refusal', async () => {
    const tools = [{ type: 'function', function: { name: 'look', description: canaries.tool, parameters: {} } }];
    const refused: string[] = [];
    expect((await ask({ tools })).body).toContain(canaries.answer);
    expect((await ask({ stream: true })).body).toContain(canaries.answer);
    for (const fault of ['unavailable', 'malformed', 'credential'] as const) {
      script = { pieces: [], fault: { class: fault, detail: fault } };
      const answer = await ask();
      expect(answer.status).toBeGreaterThanOrEqual(400);
      refused.push(answer.body);
    }
    script = { pieces: [canaries.answer, canaries.answer], breaksAfter: 1 };
    refused.push((await ask()).body);
    script = { pieces: [canaries.answer] };
    refused.push((await ask({}, canaries.credential)).body);
    refused.push((await ask({ messages: canaries.prompt })).body);
    refused.push((await ask({ unknown_member: canaries.prompt })).body);
    await tracing.close();
    const seen = [
      JSON.stringify(lines),
      await measures.text(),
      JSON.stringify(spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))),
      ...refused,
    ].join('\n');
    expect(spans.length).toBeGreaterThan(8);
    for (const canary of Object.values(canaries)) expect(seen).not.toContain(canary);
  });

  it('follows the GenAI conventions, and never sets what holds content', () => {
    const calls = spans.filter(({ name }) => name.startsWith('chat '));
    expect(calls[0]?.name).toBe('chat gpt-test');
    expect(calls[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-test',
      'gen_ai.request.stream': false,
      'gen_ai.response.finish_reasons': ['stop'],
      'server.address': 'api.example',
      'server.port': 443,
    });
    expect(calls.map(({ attributes }) => attributes['error.type'])).toContain('malformed');
    for (const { attributes } of spans) for (const name of genAi.neverSet) expect(attributes).not.toHaveProperty(name);
  });

  it('takes the caller’s W3C trace context in, and hands it out to the provider', () => {
    const servers = spans.filter(({ name }) => name === 'POST /v1/chat/completions');
    expect(new Set(servers.map((span) => span.spanContext().traceId))).toEqual(new Set([trace]));
    expect(servers[0]?.parentSpanContext?.spanId).toBe(caller);
    const call = spans.find(({ name }) => name === 'chat gpt-test')!;
    expect(traceparents[0]).toBe(`00-${trace}-${call.spanContext().spanId}-01`);
    expect(servers.map((span) => span.spanContext().spanId)).toContain(call.parentSpanContext?.spanId);
  });

  it('counts every phase of a request, every record and every call', async () => {
    const text = await measures.text();
    for (const phase of ['authenticate', 'classify', 'decide', 'reserve', 'commit', 'route', 'upstream', 'inspect'])
      expect(text).toMatch(new RegExp(`writ_phase_seconds_count\\{phase="${phase}"\\} [1-9]`));
    expect(text).toMatch(/writ_commits_total\{kind="outcome",result="durable"\} [1-9]/);
    expect(text).toMatch(/writ_requests_total\{dialect="openai.chat",outcome="permit"\} 2/);
    expect(text).toMatch(/gen_ai_client_operation_duration_seconds_count\{[^}]*error_type="malformed"\} 1/);
  });
});
