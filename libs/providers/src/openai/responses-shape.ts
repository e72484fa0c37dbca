import { limits } from '@writ/domain';
import { boolean, list, maybe, object, oneOf, range, type Shape, text, whole, word } from '../json/shape.js';
import { metadata } from './chat-shape.js';

/** `POST /v1/responses`. What the provider has stored is not in the request, so it cannot be classified: it is refused. */
const stored: Shape = {
  is: 'refused',
  why: 'refers to content that the provider has stored, which cannot be classified',
};
const detail = oneOf('auto', 'low', 'high', 'original');

const inputText = object({ type: word, text, prompt_cache_breakpoint: { is: 'any' } }, ['text']);
const inputImage = object({
  type: word,
  detail,
  image_url: maybe({ is: 'media', media: 'image' }),
  file_id: maybe({ is: 'media', media: 'image' }),
  prompt_cache_breakpoint: { is: 'any' },
});
const inputFile = object({
  type: word,
  detail,
  file_data: { is: 'media', media: 'file' },
  file_id: maybe({ is: 'media', media: 'file' }),
  file_url: { is: 'media', media: 'file' },
  filename: text,
  prompt_cache_breakpoint: { is: 'any' },
});
const outputText = object(
  { type: word, text, annotations: { is: 'any', rewrite: true }, logprobs: { is: 'any', rewrite: true } },
  ['text'],
);
const refusal = object({ type: word, refusal: text }, ['refusal']);

const content: Shape = {
  is: 'either',
  string: text,
  list: list(
    {
      is: 'variant',
      on: 'type',
      cases: {
        input_text: inputText,
        input_image: inputImage,
        input_file: inputFile,
        output_text: outputText,
        refusal,
      },
    },
    limits.messages,
  ),
};
const messageFields = { type: word, id: maybe(word), status: maybe(word), phase: maybe(word), role: word, content };
const message: Shape = {
  is: 'variant',
  on: 'role',
  cases: {
    user: object(messageFields, ['content'], 'user'),
    assistant: object(messageFields, ['content'], 'assistant'),
    system: object(messageFields, ['content'], 'system'),
    developer: object(messageFields, ['content'], 'system'),
  },
};
const call = { type: word, id: maybe(word), call_id: word, status: maybe(word), caller: maybe({ is: 'any' }) } as const;
const output: Shape = {
  is: 'either',
  string: text,
  list: list(
    { is: 'variant', on: 'type', cases: { input_text: inputText, input_image: inputImage, input_file: inputFile } },
    limits.messages,
  ),
};
const summaries = list(object({ type: word, text }, ['text']), limits.messages);

const item: Shape = {
  is: 'variant',
  on: 'type',
  otherwise: 'message',
  cases: {
    function_call: object(
      { ...call, name: word, arguments: text, namespace: word, async: boolean },
      ['call_id', 'name', 'arguments'],
      'assistant',
    ),
    function_call_output: object({ ...call, output, name: maybe(word) }, ['call_id', 'output'], 'tool'),
    custom_tool_call: object({ ...call, name: word, input: text }, ['call_id', 'name', 'input'], 'assistant'),
    custom_tool_call_output: object({ ...call, output }, ['call_id', 'output'], 'tool'),
    reasoning: object(
      {
        type: word,
        id: word,
        status: maybe(word),
        summary: summaries,
        content: maybe(summaries),
        encrypted_content: maybe(word),
      },
      ['summary'],
      'assistant',
    ),
  },
  fallback: { on: 'message', shape: message },
};

const schema: Shape = { is: 'any', role: 'definition' };
const tool: Shape = {
  is: 'variant',
  on: 'type',
  cases: {
    function: object(
      {
        type: word,
        name: word,
        description: maybe(text),
        parameters: maybe(schema),
        strict: maybe(boolean),
        output_schema: maybe(schema),
        async: boolean,
        defer_loading: boolean,
      },
      ['name'],
      'definition',
    ),
    custom: object({ type: word, name: word, description: text, format: schema }, ['name'], 'definition'),
  },
};

export const responsesShape: Shape = object(
  {
    model: { is: 'word', max: 256 },
    input: { is: 'either', string: { is: 'text', role: 'user' }, list: list(item, limits.messages, 1) },
    instructions: maybe({ is: 'text', role: 'system' }),
    background: maybe({ is: 'refused', why: 'asks for an answer later, which could not be inspected' }),
    conversation: maybe(stored),
    previous_response_id: maybe(stored),
    prompt: maybe(stored),
    include: maybe(list(oneOf('reasoning.encrypted_content', 'message.output_text.logprobs'), 8)),
    max_output_tokens: maybe(whole(1, limits.maxOutputTokens)),
    max_tool_calls: maybe(whole(1, 1_000)),
    metadata: maybe(metadata),
    parallel_tool_calls: maybe(boolean),
    prompt_cache_key: maybe(text),
    prompt_cache_options: { is: 'any' },
    prompt_cache_retention: maybe(word),
    reasoning: maybe(object({ effort: maybe(word), summary: maybe(word), generate_summary: maybe(word) })),
    safety_identifier: maybe(text),
    service_tier: maybe(word),
    store: maybe(boolean),
    stream: maybe(boolean),
    stream_options: maybe(object({ include_obfuscation: boolean })),
    temperature: maybe(range(0, 2)),
    text: object({
      verbosity: maybe(word),
      format: {
        is: 'variant',
        on: 'type',
        cases: {
          text: object({ type: word }),
          json_object: object({ type: word }),
          json_schema: object(
            { type: word, name: word, description: text, schema, strict: maybe(boolean) },
            ['name', 'schema'],
            'definition',
          ),
        },
      },
    }),
    tool_choice: {
      is: 'either',
      string: oneOf('none', 'auto', 'required'),
      object: {
        is: 'variant',
        on: 'type',
        cases: {
          function: object({ type: word, name: word }, ['name']),
          custom: object({ type: word, name: word }, ['name']),
          allowed_tools: object({ type: word, mode: word, tools: schema }, ['tools']),
        },
      },
    },
    tools: list(tool, limits.tools),
    top_logprobs: maybe(whole(0, 20)),
    top_p: maybe(range(0, 1)),
    truncation: maybe(word),
    user: text,
  },
  ['model', 'input'],
);
