import type { JsonObject, JsonValue } from '@writ/domain';
import {
  type Block,
  booleanIn,
  cannotSay,
  type Conversation,
  listOf,
  numberIn,
  objectOf,
  onlyThese,
  stringIn,
  stringOf,
  type Turn,
} from '../translate/conversation.js';

const known = new Set([
  'cache_control',
  'max_tokens',
  'messages',
  'metadata',
  'model',
  'output_config',
  'service_tier',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
]);

export function conversationOfMessages(body: JsonObject): Conversation {
  onlyThese(body, known);
  const messages = listOf(body['messages']).map(objectOf);
  const later = messages.filter((message) => message['role'] === 'system');
  const names = new Map<string, string>();
  const choice = objectOf(body['tool_choice']);
  const user = objectOf(body['metadata'])['user_id'];
  return {
    system: [...textsOf(body['system']), ...later.flatMap((message) => textsOf(message['content']))],
    turns: messages.filter((message) => message['role'] !== 'system').map((message) => turnOf(message, names)),
    tools: listOf(body['tools']).map((item) => {
      const tool = objectOf(item);
      return {
        name: stringOf(tool['name']),
        ...stringIn(tool, 'description', 'description'),
        schema: objectOf(tool['input_schema']),
        ...booleanIn(tool, 'strict', 'strict'),
      };
    }),
    ...choiceOf(choice),
    ...(choice['disable_parallel_tool_use'] === true ? { parallelTools: false } : {}),
    ...numberIn(body, 'max_tokens', 'maxOutputTokens'),
    ...numberIn(body, 'temperature', 'temperature'),
    ...numberIn(body, 'top_p', 'topP'),
    ...numberIn(body, 'top_k', 'topK'),
    stop: listOf(body['stop_sequences']).map(stringOf),
    choices: 1,
    ...outputOf(objectOf(body['output_config']), objectOf(body['thinking'])),
    ...(typeof user === 'string' ? { user } : {}),
  };
}

function textsOf(content: JsonValue | undefined): readonly string[] {
  if (typeof content === 'string') return [content];
  return listOf(content).map((block) => stringOf(objectOf(block)['text']));
}

function turnOf(message: JsonObject, names: Map<string, string>): Turn {
  const role = message['role'] === 'assistant' ? 'assistant' : 'user';
  const { content } = message;
  if (typeof content === 'string') return { role, blocks: [{ kind: 'text', text: content }] };
  return { role, blocks: listOf(content).map((block) => blockOf(objectOf(block), names)) };
}

function blockOf(block: JsonObject, names: Map<string, string>): Block {
  switch (block['type']) {
    case 'text':
      return { kind: 'text', text: stringOf(block['text']) };
    case 'image':
      return sourceOf('image', objectOf(block['source']));
    case 'document':
      return sourceOf('file', objectOf(block['source']));
    case 'search_result':
      return { kind: 'text', text: `${stringOf(block['title'])}\n${textsOf(block['content']).join('\n')}` };
    case 'thinking':
      return { kind: 'reasoning', text: stringOf(block['thinking']), ...stringIn(block, 'signature', 'signature') };
    case 'tool_use': {
      const name = stringOf(block['name']);
      const id = stringOf(block['id']);
      names.set(id, name);
      return { kind: 'tool-call', id, name, arguments: JSON.stringify(block['input'] ?? {}) };
    }
    case 'tool_result': {
      const id = stringOf(block['tool_use_id']);
      const text = resultText(block['content']);
      return { kind: 'tool-result', id, name: names.get(id) ?? '', text, isError: block['is_error'] === true };
    }
    default:
      return cannotSay(`a block of the type ${stringOf(block['type'])}`);
  }
}

function resultText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((item) => {
      const block = objectOf(item);
      return block['type'] === 'text' ? stringOf(block['text']) : cannotSay('a tool result that is not text');
    })
    .join('');
}

function sourceOf(media: 'image' | 'file', source: JsonObject): Block {
  switch (source['type']) {
    case 'base64':
      return { kind: 'media', media, mediaType: stringOf(source['media_type']), data: stringOf(source['data']) };
    case 'url':
      return { kind: 'link', media, url: stringOf(source['url']) };
    case 'text':
      return { kind: 'text', text: stringOf(source['data']) };
    case 'content':
      return { kind: 'text', text: textsOf(source['content']).join('\n') };
    default:
      return cannotSay('a file by its id');
  }
}

function choiceOf(choice: JsonObject): Pick<Conversation, 'toolChoice'> {
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { toolChoice: choice['type'] };
    case 'any':
      return { toolChoice: 'required' };
    case 'tool':
      return { toolChoice: { name: stringOf(choice['name']) } };
    default:
      return {};
  }
}

function outputOf(output: JsonObject, thinking: JsonObject): Pick<Conversation, 'format' | 'reasoning'> {
  const format = objectOf(output['format']);
  const budget = thinking['type'] === 'disabled' ? { budget: 0 } : numberIn(thinking, 'budget_tokens', 'budget');
  const reasoning = { ...stringIn(output, 'effort', 'effort'), ...budget };
  return {
    ...(format['type'] === 'json_schema'
      ? { format: { kind: 'schema', name: 'answer', schema: objectOf(format['schema']) } }
      : {}),
    ...(Object.keys(reasoning).length > 0 ? { reasoning } : {}),
  };
}
