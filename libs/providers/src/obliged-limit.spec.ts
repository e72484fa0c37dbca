import { describe, expect, it } from '@jest/globals';
import type { ClearedPrompt } from '@writ/classification';
import { type Endpoint, parseRequestId, type Provider } from '@writ/domain';
import { parseRoute } from './dialect/routes.js';
import { vendors } from './vendors.js';

const request = parseRequestId('0190a0a0-0000-7000-8000-000000000001');
if (!request.ok) throw new Error(request.error);
const meta = { request: request.value, route: '', receivedAt: 1, clientAddress: '', userAgent: '' };

const user = [{ role: 'user', content: 'Hi' }];
const contents = [{ parts: [{ text: 'Hi' }] }];
/** By dialect: the path, a body with a limit of 500, and one without a limit where the dialect allows it. */
const doors: readonly (readonly [string, object, object])[] = [
  ['/v1/chat/completions', { model: 'm', messages: user, max_tokens: 500 }, { model: 'm', messages: user }],
  ['/v1/responses', { model: 'm', input: 'Hi', max_output_tokens: 500 }, { model: 'm', input: 'Hi' }],
  ['/v1/messages', { model: 'm', messages: user, max_tokens: 500 }, { model: 'm', messages: user, max_tokens: 9_000 }],
  [
    '/v1beta/models/m:generateContent',
    { contents, generationConfig: { maxOutputTokens: 500 } },
    { contents, generationConfig: {} },
  ],
];

function sent(provider: Provider, path: string, body: object, maxOutputTokens: number | undefined): string {
  const parsed = parseRoute(path, Buffer.from(JSON.stringify(body)), meta);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const prompt = { ask: parsed.value, source: parsed.value.source } as unknown as ClearedPrompt;
  const endpoint = { provider, baseUrl: 'https://x.example', settings: {}, region: 'r' } as unknown as Endpoint;
  const wire = vendors[provider].write({ endpoint, prompt, model: 'm', secret: 'k', maxOutputTokens });
  if (!wire.ok) throw new Error(wire.error.detail);
  return wire.value.body;
}

describe.each(Object.keys(vendors) as Provider[])('%s', (provider) => {
  it.each(doors)(
    'through %s: an obliged limit is sent, whether the caller gave a higher one or none',
    (path, high, none) => {
      for (const body of [high, none]) {
        const text = sent(provider, path, body, 100);
        expect(text).toMatch(
          /"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens|maxTokens)":\s*100\b/,
        );
        expect(text).not.toMatch(/500|9000/);
      }
    },
  );

  it.each(doors)('through %s: the caller’s lower limit stays', (path, high) => {
    const text = sent(provider, path, high, 1_000);
    expect(text).toContain('500');
    expect(text).not.toContain('1000');
  });
});
