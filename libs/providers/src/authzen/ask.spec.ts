import { describe, expect, it } from '@jest/globals';
import { parseRequestId } from '@writ/domain';
import { parseRoute } from '../dialect/routes.js';

const id = parseRequestId('0190a0a0-0000-7000-8000-000000000001');
if (!id.ok) throw new Error(id.error);
const meta = { request: id.value, route: '', receivedAt: 0, clientAddress: '', userAgent: '' };
const parse = (body: unknown) => parseRoute('/access/v1/evaluation', Buffer.from(JSON.stringify(body)), meta);
const about = {
  subject: { type: 'user', id: 'nora' },
  action: { name: 'chat' },
  resource: { type: 'model', id: 'fast' },
};
const request = { model: 'fast', messages: [{ role: 'user', content: 'Hello' }] };

describe('an AuthZEN evaluation', () => {
  it('needs subject, action and resource, and no more', () => {
    const parsed = parse(about);
    expect(parsed.ok && parsed.value).toMatchObject({
      action: 'evaluate',
      model: 'fast',
      evaluated: { route: '/v1/chat/completions', subject: 'nora' },
    });
    for (const name of ['subject', 'action', 'resource'])
      expect(parse({ ...about, [name]: undefined })).toMatchObject({ error: { param: `/${name}` } });
  });

  it('C1, C3: reads the request inside it with the shape of its own route: leaves, tools, limits and attachments', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const parsed = parse({
      ...about,
      context: {
        request: {
          ...request,
          max_tokens: 7,
          messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, image] }],
          tools: [{ type: 'function', function: { name: 'find', parameters: {} } }],
        },
      },
    });
    expect(parsed.ok && parsed.value).toMatchObject({
      tools: ['find'],
      maxOutputTokens: 7,
      attachments: [{ kind: 'image', path: '/context/request/messages/0/content/1/image_url/url' }],
    });
    expect(parsed.ok && parsed.value.leaves.find(({ text }) => text === 'Look')?.role).toBe('user');
  });

  it.each([
    ['/v1/messages', 'chat', { model: 'fast', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }],
    ['/v1/embeddings', 'embed', { model: 'fast', input: 'Hi' }],
    ['/v1beta/models:generateContent', 'chat', { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }],
  ])('may be about %s', (route, name, inner) => {
    const parsed = parse({ ...about, action: { name }, context: { route, request: inner } });
    expect(parsed.ok && parsed.value.evaluated?.route).toBe(
      route === '/v1beta/models:generateContent' ? '/v1beta/models/fast:generateContent' : route,
    );
    expect(parsed.ok && parsed.value.leaves.some(({ text }) => text === 'Hi')).toBe(true);
  });

  it.each([
    ['/context/request/model', { ...about, context: { request: { ...request, model: 'other' } } }],
    ['/action/name', { ...about, action: { name: 'embed' }, context: { request } }],
    ['/resource/type', { ...about, resource: { type: 'file', id: 'fast' } }],
    ['/context/request/api_base', { ...about, context: { request: { ...request, api_base: 'http://x' } } }],
    ['/context/route', { ...about, context: { route: '/v1/audio' } }],
    ['/tenant', { ...about, tenant: 'x' }],
  ])('H11: is refused with the path at fault: %s', (param, body) => {
    expect(parse(body)).toMatchObject({ error: { code: 'request-malformed', param } });
  });
});
