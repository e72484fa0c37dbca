import { describe, expect, it } from '@jest/globals';
import { limits, parseRequestId, type Ask, type Refusal, type Result } from '@writ/domain';
import { type AskMeta, parseAsk } from '../dialect/ask.js';
import { chatRoute } from './chat-ask.js';

const request = parseRequestId('0190a0a0-0000-7000-8000-000000000001');
if (!request.ok) throw new Error(request.error);
const meta: AskMeta = {
  request: request.value,
  route: '/v1/chat/completions',
  receivedAt: 1,
  clientAddress: '192.0.2.1',
  userAgent: 'test',
};

function parse(body: unknown): Result<Ask, Refusal> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseAsk(chatRoute, Buffer.from(text), meta);
}

const plain = { model: 'fast', messages: [{ role: 'user', content: 'hi' }] };

function ask(body: unknown): Ask {
  const parsed = parse(body);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

describe('the OpenAI chat door', () => {
  const smuggled = ['api_base', 'base_url', 'user_config', 'extra_headers', 'Model', 'api_key', 'toString', 'x/y~z'];
  it.each(smuggled)('H11 refuses %s and names it', (name) => {
    const param = `/${name.replace('~', '~0').replace('/', '~1')}`;
    expect(parse({ ...plain, [name]: 'x' })).toMatchObject({ ok: false, error: { code: 'request-malformed', param } });
  });

  it('H11 refuses an unknown field at any depth', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'x', url: 'http://evil' }] }];
    expect(parse({ ...plain, messages })).toMatchObject({ error: { param: '/messages/0/content/0/url' } });
  });

  it.each([
    ['n', 100],
    ['max_tokens', 1e9],
    ['max_completion_tokens', 1.5],
    ['tools', Array.from({ length: 1000 }, () => ({ type: 'function', function: { name: 'f' } }))],
    ['modalities', ['text', 'audio']],
    ['audio', { voice: 'x', format: 'wav' }],
    ['stream', 'yes'],
  ])('H19 refuses %s beyond the limits of the route', (name, value) => {
    expect(parse({ ...plain, [name]: value })).toMatchObject({
      ok: false,
      error: { param: expect.stringContaining(`/${name}`) as unknown },
    });
  });

  it('makes a leaf of every string and number, with its role, whatever slot it hides in', () => {
    const body = {
      model: 'L-model',
      messages: [
        { role: 'system', content: 'L-system', name: 'L-sysname' },
        { role: 'user', content: [{ type: 'text', text: 'L-part' }] },
        {
          role: 'assistant',
          content: null,
          refusal: 'L-refusal',
          tool_calls: [{ id: 'L-id', type: 'function', function: { name: 'L-fn', arguments: '{"L-args":1}' } }],
        },
        { role: 'tool', tool_call_id: 'L-id2', content: 'L-result' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'L-tool',
            description: 'L-desc',
            parameters: { type: 'object', properties: { 'L-prop': { enum: ['L-enum', 4111111111111111] } } },
          },
        },
      ],
      metadata: { 'L-key': 'L-value' },
      stop: ['L-stop'],
      user: 'L-user',
      seed: 123456789,
    };
    const parsed = ask(body);
    const found = new Map(parsed.leaves.map((leaf) => [leaf.text, leaf.role]));
    const strings = JSON.stringify(body).match(/L-[a-z0-9]+/g) ?? [];
    for (const string of strings) expect([...found.keys()].some((text) => text.includes(string))).toBe(true);
    expect(found.get('4111111111111111')).toBe('definition');
    expect(found.get('123456789')).toBe('metadata');
    expect(found.get('L-system')).toBe('system');
    expect(found.get('L-result')).toBe('tool');
    expect(found.get('L-desc')).toBe('definition');
    expect(parsed.tools).toEqual(['L-tool']);
    expect(new Set(parsed.leaves.map((leaf) => leaf.path)).size).toBe(parsed.leaves.length);
  });

  it('points every leaf at its own token in the source', () => {
    const { leaves, source } = ask({ ...plain, metadata: { 'a"b': 'c\\d' } });
    for (const leaf of leaves) {
      const token = source.slice(leaf.start, leaf.end);
      expect(String(JSON.parse(token) as string | number)).toBe(leaf.text);
    }
  });

  it('counts a part whose bytes it does not read as an attachment, and a link as a leaf too', () => {
    const url = 'https://pictures.example/nora.png?token=secret';
    const content = [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'results.pdf' } },
    ];
    const parsed = ask({ ...plain, messages: [{ role: 'user', content }] });
    expect(parsed.attachments.map((part) => [part.kind, part.mediaType])).toEqual([
      ['image', 'image/png'],
      ['image', undefined],
      ['file', 'application/pdf'],
    ]);
    expect(parsed.leaves.map((leaf) => leaf.text)).toEqual(expect.arrayContaining([url, 'results.pdf']));
  });

  it('shows policy that the provider would search the web', () => {
    expect(ask({ ...plain, web_search_options: {} }).tools).toEqual(['web_search']);
  });

  it('H7 refuses a body beyond the limit, and bytes that are not UTF-8', () => {
    const long = Buffer.alloc(limits.requestBytes + 1, 0x20);
    expect(parseAsk(chatRoute, long, meta)).toMatchObject({ error: { code: 'request-too-large' } });
    expect(parseAsk(chatRoute, Buffer.from([0x22, 0xff, 0x22]), meta)).toMatchObject({
      error: { code: 'request-malformed' },
    });
  });
});
