import { limits } from '@writ/domain';
import { boolean, list, maybe, object, oneOf, range, type Shape, text, whole, word } from '../json/shape.js';

/** `POST /v1/messages` and `/v1/messages/count_tokens`, as the vendor documents them, without tools that the vendor runs. */
const cache = maybe(object({ type: oneOf('ephemeral'), ttl: oneOf('5m', '1h') }, ['type']));
const anything: Shape = { is: 'any', rewrite: true };
const textBlock = object({ type: word, text, cache_control: cache, citations: maybe(anything) }, ['text']);

function media(kind: 'image' | 'file'): Shape {
  const bytes = { is: 'media', media: kind } as const;
  return {
    is: 'variant',
    on: 'type',
    cases: {
      base64: object({ type: word, media_type: word, data: { ...bytes, typeFrom: 'media_type' } }, [
        'data',
        'media_type',
      ]),
      url: object({ type: word, url: bytes }, ['url']),
      file: object({ type: word, file_id: bytes }, ['file_id']),
      ...(kind === 'file'
        ? {
            text: object({ type: word, media_type: word, data: text }, ['data']),
            content: object({ type: word, content: { is: 'either', string: text, list: list(textBlock, 1_000) } }, [
              'content',
            ]),
          }
        : {}),
    },
  };
}
const image = object(
  { type: word, source: media('image'), cache_control: cache, transformations: maybe({ is: 'any' }) },
  ['source'],
);
const document = object(
  {
    type: word,
    source: media('file'),
    cache_control: cache,
    citations: maybe(object({ enabled: boolean })),
    context: maybe(text),
    title: maybe(text),
  },
  ['source'],
);
const searchResult = object(
  {
    type: word,
    source: text,
    title: text,
    content: list(textBlock, 1_000),
    cache_control: cache,
    citations: maybe(object({ enabled: boolean })),
  },
  ['content', 'source', 'title'],
);
const thinking = object({ type: word, thinking: text, signature: word }, ['thinking', 'signature'], 'assistant');
const redactedThinking = object({ type: word, data: word }, ['data'], 'assistant');
const toolUse = object(
  { type: word, id: word, name: word, input: anything, cache_control: cache, caller: { is: 'any' } },
  ['id', 'name', 'input'],
);
const toolResult = object(
  {
    type: word,
    tool_use_id: word,
    content: {
      is: 'either',
      string: text,
      list: list(
        { is: 'variant', on: 'type', cases: { text: textBlock, image, document, search_result: searchResult } },
        1_000,
      ),
    },
    is_error: boolean,
    cache_control: cache,
  },
  ['tool_use_id'],
  'tool',
);
const texts: Shape = { is: 'either', string: text, list: list(textBlock, 1_000) };

function blocks(cases: Extract<Shape, { is: 'variant' }>['cases']): Shape {
  return { is: 'either', string: text, list: list({ is: 'variant', on: 'type', cases }, limits.messages) };
}
const message: Shape = {
  is: 'variant',
  on: 'role',
  cases: {
    user: object(
      {
        role: word,
        content: blocks({ text: textBlock, image, document, search_result: searchResult, tool_result: toolResult }),
      },
      ['content'],
      'user',
    ),
    assistant: object(
      {
        role: word,
        content: blocks({
          text: textBlock,
          thinking,
          redacted_thinking: redactedThinking,
          tool_use: toolUse,
        }),
      },
      ['content'],
      'assistant',
    ),
    system: object({ role: word, content: texts }, ['content'], 'system'),
  },
};

const tool: Shape = {
  is: 'variant',
  on: 'type',
  otherwise: 'custom',
  cases: {
    custom: object(
      {
        type: word,
        name: word,
        description: text,
        input_schema: { is: 'any' },
        cache_control: cache,
        strict: boolean,
        input_examples: { is: 'any', rewrite: true },
        eager_input_streaming: maybe(boolean),
        defer_loading: boolean,
        allowed_callers: list(oneOf('direct'), 1),
      },
      ['name', 'input_schema'],
      'definition',
    ),
  },
};
const parallel = { type: word, disable_parallel_tool_use: boolean };
const toolChoice: Shape = {
  is: 'variant',
  on: 'type',
  cases: {
    auto: object(parallel),
    any: object(parallel),
    none: object({ type: word }),
    tool: object({ ...parallel, name: word }, ['name']),
  },
};
const display = maybe(oneOf('summarized', 'omitted'));
const thinkingConfig: Shape = {
  is: 'variant',
  on: 'type',
  cases: {
    enabled: object({ type: word, budget_tokens: whole(1, limits.maxOutputTokens), display }, ['budget_tokens']),
    disabled: object({ type: word }),
    adaptive: object({ type: word, display }),
    between_tools: object({ type: word, display }),
  },
};

const counted = {
  model: { is: 'word', max: 256 },
  messages: list(message, limits.messages, 1),
  system: { is: 'either', string: { is: 'text', role: 'system' }, list: list({ ...textBlock, role: 'system' }, 1_000) },
  tools: list(tool, limits.tools),
  tool_choice: toolChoice,
  thinking: thinkingConfig,
  cache_control: cache,
  output_config: object({
    effort: maybe(word),
    format: maybe(object({ type: oneOf('json_schema'), schema: { is: 'any', role: 'definition' } }, ['schema'])),
  }),
  speed: maybe(word),
} satisfies Record<string, Shape>;

export const messagesShape: Shape = object(
  {
    ...counted,
    max_tokens: whole(1, limits.maxOutputTokens),
    metadata: object({ user_id: maybe(text) }),
    service_tier: oneOf('auto', 'standard_only'),
    inference_geo: maybe(word),
    stop_sequences: list(word, 64),
    stream: boolean,
    temperature: range(0, 1),
    top_k: whole(0, 1_000_000),
    top_p: range(0, 1),
  },
  ['model', 'messages', 'max_tokens'],
);

export const countTokensShape: Shape = object(counted, ['model', 'messages']);
