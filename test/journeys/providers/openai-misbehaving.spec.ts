import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { type Script, startSimulator, type Simulator } from '@writ/simulator';
import { anEndpoint } from '../../support/index.js';
import { openPassage, type Passage } from './passage.js';

let simulator: Simulator;
let passage: Passage;
let through: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  const endpoint = anEndpoint('sim', {
    baseUrl: simulator.urls.openai,
    models: ['gpt-5'],
    keys: [{ id: 'k', sealed: 'sk-sim' }],
  });
  const deadlines = { headersMs: 300, firstMs: 300, idleMs: 300, totalMs: 5_000 };
  passage = await openPassage(endpoint, [new URL(simulator.urls.models).host], deadlines);
  through = new OpenAI({ apiKey: 'ours', baseURL: `${passage.url}/v1`, maxRetries: 0 });
});
beforeEach(() => {
  simulator.forget();
  simulator.clearScripts();
  passage.rewrite = (event) => event;
});
afterAll(async () => {
  await passage.stop();
  await simulator.stop();
});

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;
const plain: Omit<Body, 'model'> = { messages: [{ role: 'user', content: 'Hello' }] };

async function listen(client: OpenAI, body: Omit<Body, 'model'>, usage: boolean): Promise<unknown[]> {
  const heard = await client.chat.completions.create({
    ...body,
    model: 'gpt-5',
    stream: true,
    ...(usage ? { stream_options: { include_usage: true } } : {}),
  });
  const chunks: unknown[] = [];
  for await (const chunk of heard) chunks.push(chunk);
  return chunks;
}

type Fault = NonNullable<Script['fault']>;

function say(): Promise<unknown> {
  return through.chat.completions.create({ ...plain, model: 'gpt-5' } as Body);
}

function stream(): Promise<unknown[]> {
  return listen(through, plain, true);
}

describe('F33, F34, F35, H2, H6, H12, H13, S3: a provider that misbehaves', () => {
  it.each<[string, Fault, string, string]>([
    ['hangs before headers', { kind: 'hang', phase: 'headers' }, 'unavailable', 'deadline-headers'],
    ['hangs before the first token', { kind: 'hang', phase: 'first' }, 'broken-stream', 'deadline-first'],
    ['hangs mid-stream', { kind: 'hang', phase: 'terminal' }, 'broken-stream', 'deadline-idle'],
    ['resets before headers', { kind: 'cut', phase: 'headers' }, 'unavailable', 'connect'],
    ['resets mid-stream', { kind: 'cut', phase: 'middle' }, 'broken-stream', 'cut'],
    ['ends without its terminal event', { kind: 'cut', phase: 'terminal', how: 'end' }, 'broken-stream', 'cut'],
    ['sends half a JSON', { kind: 'truncate', phase: 'middle' }, 'broken-stream', 'cut'],
    ['sends garbage', { kind: 'inject', phase: 'middle', text: 'data: {"x":\n\n' }, 'broken-stream', 'not-json'],
    ['sends invalid UTF-8', { kind: 'inject', phase: 'middle', base64: '/////w==' }, 'broken-stream', 'not-utf-8'],
    [
      'sends a line without end',
      { kind: 'inject', phase: 'middle', text: `data: ${'a'.repeat(1_100_000)}` },
      'broken-stream',
      'line-too-long',
    ],
    ['answers in HTML', { kind: 'content-type', value: 'text/html' }, 'broken-stream', 'content-type'],
    [
      'redirects',
      { kind: 'redirect', status: 307, location: 'http://169.254.169.254/' },
      'broken-stream',
      'redirect-refused',
    ],
    ['sends a gzip bomb', { kind: 'gzip-bomb', bytes: 1e9 }, 'broken-stream', 'content-coding'],
    [
      'puts an error in the stream',
      { kind: 'inject', phase: 'middle', text: 'data: {"error":{"code":"server_error"}}\n\n' },
      'unavailable',
      'server_error',
    ],
    ['speaks something else', { kind: 'raw', text: 'SSH-2.0-x\r\n' }, 'broken-stream', 'not-http'],
    [
      'sends two lengths',
      { kind: 'raw', text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello' },
      'broken-stream',
      'not-http',
    ],
    [
      'floods with interim answers',
      {
        kind: 'raw',
        text: `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10_000)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
      },
      'broken-stream',
      'content-type',
    ],
    [
      'sends both lengths',
      { kind: 'raw', text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' },
      'broken-stream',
      'not-http',
    ],
  ])('streamed: one that %s is a typed fault', async (_, fault, faultClass, detail) => {
    simulator.script({ fault });
    await expect(stream()).rejects.toThrow();
    expect(passage.last.fault).toMatchObject({ class: faultClass, detail: expect.stringContaining(detail) as unknown });
  });

  it.each<[string, Fault, string, string]>([
    ['sends half a JSON', { kind: 'truncate', phase: 'first' }, 'broken-stream', 'not-json'],
    [
      'answers 200 with an error',
      { kind: 'body', text: '{"error":{"code":"rate_limit_exceeded"}}' },
      'rate-limited',
      'rate_limit',
    ],
    ['answers an empty object', { kind: 'body', text: '{}' }, 'broken-stream', 'no-choices'],
    [
      'answers with a duplicate key',
      { kind: 'body', text: '{"choices":[],"choices":[]}' },
      'broken-stream',
      'not-json',
    ],
    ['is rate limited', { kind: 'status', status: 429, retryAfter: '7' }, 'rate-limited', 'http-429'],
    ['has no quota', { kind: 'status', status: 429, code: 'insufficient_quota' }, 'billing', 'insufficient_quota'],
    ['refuses the key', { kind: 'status', status: 401 }, 'credential', 'http-401'],
    ['is overloaded', { kind: 'status', status: 529 }, 'unavailable', 'http-529'],
    [
      'finds the prompt too long',
      { kind: 'status', status: 400, code: 'context_length_exceeded' },
      'context-too-long',
      'context_length',
    ],
    ['filters', { kind: 'status', status: 400, code: 'content_filter' }, 'filtered', 'content_filter'],
    ['does not know the model', { kind: 'status', status: 404 }, 'not-found', 'http-404'],
    ['finds it invalid', { kind: 'status', status: 422 }, 'malformed', 'http-422'],
  ])('buffered: one that %s is a typed fault', async (_, fault, faultClass, detail) => {
    simulator.script({ fault });
    await say().catch(() => undefined);
    expect(passage.last.fault).toMatchObject({ class: faultClass, detail: expect.stringContaining(detail) as unknown });
  });

  it('tells how long a rate-limited provider wants to be left alone', async () => {
    simulator.script({ fault: { kind: 'status', status: 429, retryAfter: '7' } });
    await say().catch(() => undefined);
    expect(passage.last.fault?.retryAfterSeconds).toBe(7);
  });

  it('H13 drops whatever follows the terminal event', async () => {
    simulator.script({
      fault: { kind: 'after-terminal', text: 'data: {"choices":[{"index":0,"delta":{"content":"EXTRA"}}]}\n\n' },
    });
    simulator.script({ fault: { kind: 'two-terminals' } });
    expect(JSON.stringify(await stream())).not.toContain('EXTRA');
    expect(passage.last.events.filter((event) => event.terminal)).toHaveLength(1);
  });

  it('H12 never passes an event that we did not write', async () => {
    simulator.script({
      fault: { kind: 'inject', phase: 'middle', text: 'event: evil\nid: 1\n: comment\nretry: 1\n\n' },
    });
    const response = await fetch(`${passage.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...plain, model: 'gpt-5', stream: true }),
    });
    const lines = (await response.text()).split('\n').filter(Boolean);
    expect(lines.every((line) => line.startsWith('data: '))).toBe(true);
  });

  it('uses a connection again after a good answer, buffered or streamed', async () => {
    await say();
    await stream();
    await say();
    const connections = simulator.requests().map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(1);
  });

  it('H14 stops a stream at the provider when the caller hangs up in the middle', async () => {
    simulator.script({ fault: { kind: 'hang', phase: 'terminal' } });
    const hangUp = new AbortController();
    const heard = await through.chat.completions.create(
      { ...plain, model: 'gpt-5', stream: true },
      { signal: hangUp.signal },
    );
    for await (const _ of heard) hangUp.abort();
    while (!simulator.requests()[0]?.aborted) await new Promise((resolve) => setImmediate(resolve));
    expect(passage.last.events.some((event) => event.terminal)).toBe(false);
  });

  it('H14 stops the provider when the caller hangs up', async () => {
    simulator.script({ fault: { kind: 'hang', phase: 'headers' } });
    const hangUp = new AbortController();
    const asked = through.chat.completions.create({ ...plain, model: 'gpt-5' } as Body, {
      signal: hangUp.signal,
    });
    while (simulator.requests().length === 0) await new Promise((resolve) => setImmediate(resolve));
    hangUp.abort();
    await expect(asked).rejects.toThrow();
    while (!simulator.requests()[0]?.aborted) await new Promise((resolve) => setImmediate(resolve));
    expect(passage.last.fault?.detail).toBe('cancelled');
  });
});
