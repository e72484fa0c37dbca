import { expect, it } from '@jest/globals';
import { parseRequestId } from '@writ/domain';
import { parseRoute } from './routes.js';

const id = parseRequestId('0190a0a0-0000-7000-8000-000000000001');
if (!id.ok) throw new Error(id.error);
const meta = { request: id.value, route: '', receivedAt: 0, clientAddress: '', userAgent: '' };
const image = 'data:image/png;base64,AAAA';
const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] });
const input = (content: unknown): object => ({ input: [{ role: 'user', content }] });
const contents = (...parts: object[]): object => ({ contents: [{ role: 'user', parts }] });
const text = contents({ text: 'Hi' });
const schema = { type: 'object' };

it.each<[string, object, readonly string[]]>([
  ['/v1/chat/completions', user('Hi'), []],
  ['/v1/chat/completions', user([{ type: 'image_url', image_url: { url: image } }]), ['image']],
  [
    '/v1/chat/completions',
    { ...user('Hi'), tools: [{ type: 'function', function: { name: 'f' } }], reasoning_effort: 'low' },
    ['reasoning', 'tools'],
  ],
  ['/v1/chat/completions', { ...user('Hi'), reasoning_effort: 'none' }, []],
  [
    '/v1/chat/completions',
    { ...user('Hi'), response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
    ['json-schema'],
  ],
  [
    '/v1/responses',
    { input: 'Hi', text: { format: { type: 'json_schema', name: 'x', schema } }, reasoning: { effort: 'high' } },
    ['json-schema', 'reasoning'],
  ],
  ['/v1/responses', input([{ type: 'input_image', image_url: image }]), ['image']],
  [
    '/v1/messages',
    {
      ...user('Hi'),
      max_tokens: 9,
      thinking: { type: 'enabled', budget_tokens: 5 },
      tools: [{ name: 'f', input_schema: schema }],
    },
    ['reasoning', 'tools'],
  ],
  [
    '/v1/messages',
    {
      ...user('Hi'),
      max_tokens: 9,
      thinking: { type: 'disabled' },
      output_config: { format: { type: 'json_schema', schema } },
    },
    ['json-schema'],
  ],
  ['/v1beta/models/m:generateContent', { ...text, generationConfig: { responseJsonSchema: schema } }, ['json-schema']],
  ['/v1beta/models/m:generateContent', { ...text, generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }, []],
  ['/v1beta/models/m:generateContent', contents({ inlineData: { mimeType: 'audio/wav', data: 'AAAA' } }), ['audio']],
])('%s needs of a model what it says: %j', (route, body, expected) => {
  const model = route.startsWith('/v1beta') ? {} : { model: 'm' };
  const parsed = parseRoute(route, Buffer.from(JSON.stringify({ ...model, ...body })), meta);
  expect(parsed.ok ? parsed.value.needs : parsed.error).toEqual(expected);
});
