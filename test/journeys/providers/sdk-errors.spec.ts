import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import OpenAiNode20 from 'openai-node20';
import { refusals, type Dialect, type RefusalCode } from '@writ/domain';
import { dialects, encodeRefusal } from '@writ/providers';

/** Every refusal of the table, as the gateway encodes it, answered to the published SDKs: each raises its typed error. */
let server: Server;
let url = '';
const codes = Object.keys(refusals) as RefusalCode[];
const encoderFor = (dialect: Dialect) =>
  dialects.encoder({ dialect, stream: true, body: {}, request: 'r' } as never, 'm');

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, dialect = '', code = '', how] = (request.url ?? '').split('/');
    const refusal = { code: code as RefusalCode, detail: 'rule-7' };
    request.resume().on('end', () => {
      if (how === 'late') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(encoderFor(dialect as Dialect).failure(refusal, 'request-1'), () => response.destroy());
        return;
      }
      const { status, headers, body } = encodeRefusal(dialect as Dialect, refusal, 'request-1', 'decision-1');
      response.writeHead(status, headers).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What both SDKs call the error of a status; 413 and 415 have no class of their own. */
const names: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  502: 'InternalServerError',
  503: 'InternalServerError',
};

async function raised(attempt: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await attempt;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('nothing was raised');
}

const user = { role: 'user' as const, content: 'Hello' };
const classes = (Sdk: object, status: number): unknown => (Sdk as Record<string, unknown>)[names[status] ?? 'APIError'];

describe.each([
  ['openai', OpenAI],
  ['openai for Node 20', OpenAiNode20 as unknown as typeof OpenAI],
])('%s', (_, Sdk) => {
  const sdk = (code: string): OpenAI => new Sdk({ apiKey: 'k', baseURL: `${url}/openai.chat/${code}`, maxRetries: 0 });

  it.each(codes)('raises its typed error for %s, with our code, the rule and the ids', async (code) => {
    const { status } = refusals[code];
    const error = await raised(sdk(code).chat.completions.create({ model: 'm', messages: [user] }));
    expect(error).toBeInstanceOf(classes(Sdk, status));
    expect(error).toMatchObject({ status, code, requestID: 'request-1' });
    expect(error['error']).toMatchObject({ rule: 'rule-7', decision_id: 'decision-1', docs: `docs/errors.md#${code}` });
  });

  it.each(['answer-withheld', 'ledger-unavailable', 'provider-protocol'] as const)(
    'raises an API error for %s after bytes of a stream',
    async (code) => {
      const listen = async (): Promise<void> => {
        const stream = await sdk(`${code}/late`).chat.completions.create({
          model: 'm',
          messages: [user],
          stream: true,
        });
        for await (const chunk of stream) expect(chunk).toBeDefined();
      };
      const error = await raised(listen());
      expect(error).toBeInstanceOf(Sdk.APIError);
      expect(error).toMatchObject({ code });
    },
  );
});

const anthropic = (code: string): Anthropic =>
  new Anthropic({ apiKey: 'k', baseURL: `${url}/anthropic.messages/${code}`, maxRetries: 0 });

describe('@anthropic-ai/sdk', () => {
  const body = { model: 'm', max_tokens: 9, messages: [user] };

  it.each(codes)('raises its typed error for %s, with our code, the rule and the ids', async (code) => {
    const { status } = refusals[code];
    const error = await raised(anthropic(code).messages.create(body));
    expect(error).toBeInstanceOf(classes(Anthropic, status));
    expect(error).toMatchObject({ status });
    const said = JSON.stringify(error['error']);
    for (const word of [code, 'rule-7', 'decision-1', 'request-1']) expect(said).toContain(word);
  });

  it.each(['answer-withheld', 'ledger-unavailable', 'provider-protocol'] as const)(
    'raises an API error for %s after bytes of a stream',
    async (code) => {
      const error = await raised(anthropic(`${code}/late`).messages.stream(body).finalMessage());
      expect(error).toBeInstanceOf(AnthropicError);
      expect(JSON.stringify(error['error'])).toContain(code);
    },
  );
});
