import type { JsonObject, JsonValue } from '@writ/domain';
import {
  type Block,
  booleanIn,
  cannotSay,
  type Conversation,
  listOf,
  mediaBlock,
  numberIn,
  objectOf,
  onlyThese,
  stringIn,
  stringOf,
  type Turn,
} from '../translate/conversation.js';
import { choiceOf, definitionOf } from './chat-conversation.js';

const known = new Set([
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'metadata',
  'model',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_p',
  'truncation',
  'user',
]);

export function conversationOfResponses(body: JsonObject): Conversation {
  onlyThese(body, known);
  if (body['store'] === true) cannotSay('store');
  if (listOf(body['include']).includes('message.output_text.logprobs')) cannotSay('logprobs');
  const { input } = body;
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input).map(objectOf);
  const names = new Map<string, string>();
  const instructions = stringOf(body['instructions']);
  const reasoning = stringIn(objectOf(body['reasoning']), 'effort', 'effort');
  return {
    system: [
      ...(instructions === '' ? [] : [instructions]),
      ...items.filter(isSystem).map((item) => textOf(item['content'])),
    ],
    turns: items.filter((item) => !isSystem(item)).map((item) => turnOf(item, names)),
    tools: listOf(body['tools']).map((item) => {
      const tool = objectOf(item);
      return tool['type'] === 'function' ? definitionOf(tool) : cannotSay('a custom tool');
    }),
    ...choiceOf(body['tool_choice']),
    ...booleanIn(body, 'parallel_tool_calls', 'parallelTools'),
    ...numberIn(body, 'max_output_tokens', 'maxOutputTokens'),
    ...numberIn(body, 'temperature', 'temperature'),
    ...numberIn(body, 'top_p', 'topP'),
    stop: [],
    choices: 1,
    ...formatOf(objectOf(objectOf(body['text'])['format'])),
    ...(Object.keys(reasoning).length > 0 ? { reasoning } : {}),
    ...stringIn(body, 'user', 'user'),
  };
}

function isSystem(item: JsonObject): boolean {
  return item['role'] === 'system' || item['role'] === 'developer';
}

function turnOf(item: JsonObject, names: Map<string, string>): Turn {
  switch (item['type'] ?? 'message') {
    case 'message':
      return { role: item['role'] === 'assistant' ? 'assistant' : 'user', blocks: blocksOf(item['content']) };
    case 'function_call': {
      const id = stringOf(item['call_id']);
      const name = stringOf(item['name']);
      names.set(id, name);
      return { role: 'assistant', blocks: [{ kind: 'tool-call', id, name, arguments: stringOf(item['arguments']) }] };
    }
    case 'function_call_output': {
      const id = stringOf(item['call_id']);
      const text = textOf(item['output']);
      return { role: 'user', blocks: [{ kind: 'tool-result', id, name: names.get(id) ?? '', text, isError: false }] };
    }
    case 'reasoning':
      return { role: 'assistant', blocks: [{ kind: 'reasoning', text: textOf(item['summary']) }] };
    default:
      return cannotSay(`an item of the type ${stringOf(item['type'])}`);
  }
}

function blocksOf(content: JsonValue | undefined): readonly Block[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return listOf(content).map((item): Block => {
    const part = objectOf(item);
    switch (part['type']) {
      case 'input_text':
      case 'output_text':
        return { kind: 'text', text: stringOf(part['text']) };
      case 'refusal':
        return { kind: 'text', text: stringOf(part['refusal']) };
      case 'input_image':
        return mediaOf('image', part['image_url']);
      default:
        return mediaOf('file', part['file_data'] ?? part['file_url']);
    }
  });
}

function mediaOf(media: 'image' | 'file', url: JsonValue | undefined): Block {
  return typeof url === 'string' ? mediaBlock(media, url) : cannotSay('a file by its id');
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((item) => {
      const { text } = objectOf(item);
      return typeof text === 'string' ? text : cannotSay('a tool result that is not text');
    })
    .join('');
}

function formatOf(format: JsonObject): Pick<Conversation, 'format'> {
  if (format['type'] === 'json_object') return { format: { kind: 'json' } };
  if (format['type'] !== 'json_schema') return {};
  const schema = objectOf(format['schema']);
  return {
    format: { kind: 'schema', name: stringOf(format['name']), schema, ...booleanIn(format, 'strict', 'strict') },
  };
}
