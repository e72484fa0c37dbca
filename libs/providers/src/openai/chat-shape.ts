import { limits } from '@writ/domain';
import { boolean, list, maybe, object, oneOf, range, type Shape, text, whole, word } from '../json/shape.js';

/** `POST /v1/chat/completions`, as the vendor documents it. What is not here is refused with its path. */
const breakpoint = object({ mode: oneOf('explicit'), ttl: oneOf('30m', '12h') });
const textPart = object({ type: word, text, prompt_cache_breakpoint: breakpoint }, ['text']);
const refusalPart = object({ type: word, refusal: text }, ['refusal']);
const imagePart = object(
  {
    type: word,
    image_url: object({ url: { is: 'media', media: 'image' }, detail: oneOf('auto', 'low', 'high', 'original') }, [
      'url',
    ]),
    prompt_cache_breakpoint: breakpoint,
  },
  ['image_url'],
);
const audioPart = object(
  {
    type: word,
    input_audio: object({ data: { is: 'media', media: 'audio' }, format: word }, ['data', 'format']),
    prompt_cache_breakpoint: breakpoint,
  },
  ['input_audio'],
);
const filePart = object(
  {
    type: word,
    file: object({
      file_data: { is: 'media', media: 'file' },
      file_id: { is: 'media', media: 'file' },
      filename: text,
    }),
    prompt_cache_breakpoint: breakpoint,
  },
  ['file'],
);

function parts(cases: Extract<Shape, { is: 'variant' }>['cases']): Shape {
  return { is: 'either', string: text, list: list({ is: 'variant', on: 'type', cases }, limits.messages) };
}
const texts = parts({ text: textPart });
const functionCall = object({ name: word, arguments: text }, ['name', 'arguments']);

const toolCall: Shape = {
  is: 'variant',
  on: 'type',
  otherwise: 'function',
  cases: {
    function: object({ id: word, type: word, index: whole(0, limits.tools), function: functionCall }, [
      'id',
      'function',
    ]),
    custom: object({ id: word, type: word, custom: object({ name: word, input: text }, ['name', 'input']) }, [
      'id',
      'custom',
    ]),
  },
};

const message: Shape = {
  is: 'variant',
  on: 'role',
  cases: {
    system: object({ role: word, content: texts, name: text }, ['content'], 'system'),
    developer: object({ role: word, content: texts, name: text }, ['content'], 'system'),
    user: object(
      {
        role: word,
        content: parts({ text: textPart, image_url: imagePart, input_audio: audioPart, file: filePart }),
        name: text,
      },
      ['content'],
      'user',
    ),
    assistant: object(
      {
        role: word,
        content: maybe(parts({ text: textPart, refusal: refusalPart })),
        name: text,
        refusal: maybe(text),
        reasoning_content: maybe(text),
        audio: maybe(object({ id: { is: 'media', media: 'audio' } })),
        tool_calls: maybe(list(toolCall, limits.tools)),
        function_call: maybe(functionCall),
        annotations: maybe({ is: 'any', rewrite: true }),
      },
      [],
      'assistant',
    ),
    tool: object({ role: word, content: texts, tool_call_id: word, name: word }, ['content', 'tool_call_id'], 'tool'),
    function: object({ role: word, content: maybe(text), name: word }, ['name'], 'tool'),
  },
};

const schema: Shape = { is: 'any', role: 'definition' };
const functionTool = object(
  { name: word, description: text, parameters: maybe(schema), strict: maybe(boolean) },
  ['name'],
  'definition',
);
const tool: Shape = {
  is: 'variant',
  on: 'type',
  cases: {
    function: object({ type: word, function: functionTool }, ['function'], 'definition'),
    custom: object(
      { type: word, custom: object({ name: word, description: text, format: schema }, ['name']) },
      ['custom'],
      'definition',
    ),
  },
};
const named = object({ name: word }, ['name']);
const toolChoice: Shape = {
  is: 'either',
  string: oneOf('none', 'auto', 'required'),
  object: {
    is: 'variant',
    on: 'type',
    cases: {
      function: object({ type: word, function: named }, ['function']),
      custom: object({ type: word, custom: named }, ['custom']),
      allowed_tools: object({ type: word, allowed_tools: schema }, ['allowed_tools']),
    },
  },
};
const responseFormat: Shape = {
  is: 'variant',
  on: 'type',
  cases: {
    text: object({ type: word }),
    json_object: object({ type: word }),
    json_schema: object(
      { type: word, json_schema: object({ name: word, description: text, schema, strict: maybe(boolean) }, ['name']) },
      ['json_schema'],
      'definition',
    ),
  },
};

const noAudio: Shape = { is: 'refused', why: 'asks for an answer in sound, which cannot be inspected' };
export const metadata: Shape = { is: 'map', max: 16, value: { is: 'text', max: 512 }, role: 'metadata' };
const outputTokens = maybe(whole(1, limits.maxOutputTokens));

export const chatShape: Shape = object(
  {
    model: { is: 'word', max: 256 },
    messages: list(message, limits.messages, 1),
    audio: maybe(noAudio),
    modalities: maybe(list(oneOf('text'), 1)),
    frequency_penalty: maybe(range(-2, 2)),
    presence_penalty: maybe(range(-2, 2)),
    function_call: { is: 'either', string: oneOf('none', 'auto'), object: named },
    functions: list(functionTool, limits.tools),
    logit_bias: maybe({ is: 'map', value: range(-100, 100), max: 1024 }),
    logprobs: maybe(boolean),
    top_logprobs: maybe(whole(0, 20)),
    max_completion_tokens: outputTokens,
    max_tokens: outputTokens,
    metadata: maybe(metadata),
    moderation: maybe({ is: 'any' }),
    n: maybe(whole(1, limits.choices)),
    parallel_tool_calls: maybe(boolean),
    prediction: maybe(object({ type: oneOf('content'), content: texts }, ['content'], 'assistant')),
    prompt_cache_key: maybe(text),
    prompt_cache_options: maybe(object({ mode: oneOf('implicit', 'explicit'), ttl: word })),
    prompt_cache_retention: maybe(word),
    reasoning_effort: maybe(word),
    response_format: maybe(responseFormat),
    safety_identifier: maybe(text),
    seed: maybe(whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
    service_tier: maybe(word),
    stop: maybe({ is: 'either', string: word, list: list(word, 4) }),
    store: maybe(boolean),
    stream: maybe(boolean),
    stream_options: maybe(object({ include_usage: boolean, include_obfuscation: boolean })),
    temperature: maybe(range(0, 2)),
    tool_choice: toolChoice,
    tools: maybe(list(tool, limits.tools)),
    top_p: maybe(range(0, 1)),
    user: text,
    verbosity: maybe(word),
    web_search_options: maybe({ is: 'any' }),
  },
  ['model', 'messages'],
);
