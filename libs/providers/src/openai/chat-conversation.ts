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
  type ToolDefinition,
  type Turn,
} from '../translate/conversation.js';

/** Advice to OpenAI's own service; it changes nothing of the answer, so another vendor may go without it. */
const advice = [
  'metadata',
  'moderation',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'service_tier',
  'stream',
  'stream_options',
  'verbosity',
  'modalities',
  'prediction',
];
const known = new Set([
  ...advice,
  'frequency_penalty',
  'functions',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'model',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'seed',
  'stop',
  'store',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'user',
]);

export function conversationOfChat(body: JsonObject): Conversation {
  onlyThese(body, known);
  if (body['store'] === true) cannotSay('store');
  const messages = listOf(body['messages']).map(objectOf);
  const names = new Map<string, string>();
  const most = body['max_completion_tokens'] ?? body['max_tokens'];
  const effort = body['reasoning_effort'];
  return {
    system: messages.filter(isSystem).map((message) => textOf(message['content'])),
    turns: messages.filter((message) => !isSystem(message)).map((message) => turnOf(message, names)),
    tools: [
      ...listOf(body['tools']).map(toolOf),
      ...listOf(body['functions']).map((tool) => definitionOf(objectOf(tool))),
    ],
    ...choiceOf(body['tool_choice']),
    ...booleanIn(body, 'parallel_tool_calls', 'parallelTools'),
    ...(typeof most === 'number' ? { maxOutputTokens: most } : {}),
    ...numberIn(body, 'temperature', 'temperature'),
    ...numberIn(body, 'top_p', 'topP'),
    ...numberIn(body, 'seed', 'seed'),
    ...numberIn(body, 'presence_penalty', 'presencePenalty'),
    ...numberIn(body, 'frequency_penalty', 'frequencyPenalty'),
    stop: typeof body['stop'] === 'string' ? [body['stop']] : listOf(body['stop']).map(stringOf),
    choices: typeof body['n'] === 'number' ? body['n'] : 1,
    ...formatOf(objectOf(body['response_format'])),
    ...(typeof effort === 'string' ? { reasoning: { effort } } : {}),
    ...(body['logprobs'] === true ? { logprobs: numberIn(body, 'top_logprobs', 'top') } : {}),
    ...stringIn(body, 'user', 'user'),
  };
}

function isSystem(message: JsonObject): boolean {
  return message['role'] === 'system' || message['role'] === 'developer';
}

function turnOf(message: JsonObject, names: Map<string, string>): Turn {
  switch (message['role']) {
    case 'user':
      return { role: 'user', blocks: userBlocks(message['content']) };
    case 'assistant':
      return { role: 'assistant', blocks: assistantBlocks(message, names) };
    case 'tool': {
      const id = stringOf(message['tool_call_id']);
      const text = textOf(message['content']);
      return { role: 'user', blocks: [{ kind: 'tool-result', id, name: names.get(id) ?? '', text, isError: false }] };
    }
    default:
      return cannotSay('a message of the role function');
  }
}

function userBlocks(content: JsonValue | undefined): readonly Block[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return listOf(content).map((item) => {
    const part = objectOf(item);
    switch (part['type']) {
      case 'text':
        return { kind: 'text', text: stringOf(part['text']) };
      case 'image_url':
        return mediaBlock('image', stringOf(objectOf(part['image_url'])['url']));
      case 'input_audio': {
        const { data, format } = objectOf(part['input_audio']);
        return { kind: 'media', media: 'audio', mediaType: `audio/${stringOf(format)}`, data: stringOf(data) };
      }
      default: {
        const data = objectOf(part['file'])['file_data'];
        return typeof data === 'string' ? mediaBlock('file', data) : cannotSay('a file by its id');
      }
    }
  });
}

function assistantBlocks(message: JsonObject, names: Map<string, string>): readonly Block[] {
  if (objectOf(message['audio'])['id'] !== undefined) cannotSay('earlier audio by its id');
  if (objectOf(message['function_call'])['name'] !== undefined) cannotSay('function_call');
  const reasoning = stringOf(message['reasoning_content']);
  const text = textOf(message['content']) + stringOf(message['refusal']);
  const calls = listOf(message['tool_calls']).map((item): Block => {
    const call = objectOf(item);
    const inner = objectOf(call['function']);
    if (call['type'] === 'custom') return cannotSay('a custom tool');
    const name = stringOf(inner['name']);
    const id = stringOf(call['id']);
    names.set(id, name);
    return { kind: 'tool-call', id, name, arguments: stringOf(inner['arguments']) };
  });
  return [
    ...(reasoning === '' ? [] : [{ kind: 'reasoning', text: reasoning } as const]),
    ...(text === '' ? [] : [{ kind: 'text', text } as const]),
    ...calls,
  ];
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((item) => stringOf(objectOf(item)['text']) + stringOf(objectOf(item)['refusal']))
    .join('');
}

function toolOf(item: JsonValue): ToolDefinition {
  const tool = objectOf(item);
  return tool['type'] === 'function' ? definitionOf(objectOf(tool['function'])) : cannotSay('a custom tool');
}

export function definitionOf(definition: JsonObject): ToolDefinition {
  const schema = objectOf(definition['parameters']);
  return {
    name: stringOf(definition['name']),
    ...stringIn(definition, 'description', 'description'),
    schema: Object.keys(schema).length > 0 ? schema : { type: 'object', properties: {} },
    ...booleanIn(definition, 'strict', 'strict'),
  };
}

export function choiceOf(choice: JsonValue | undefined): Pick<Conversation, 'toolChoice'> {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { toolChoice: choice };
  if (choice === undefined || choice === null) return {};
  const named = objectOf(choice);
  if (named['type'] !== 'function') return cannotSay('this tool_choice');
  return { toolChoice: { name: stringOf(objectOf(named['function'])['name'] ?? named['name']) } };
}

function formatOf(format: JsonObject): Pick<Conversation, 'format'> {
  if (format['type'] === 'json_object') return { format: { kind: 'json' } };
  if (format['type'] !== 'json_schema') return {};
  const inner = objectOf(format['json_schema']);
  const schema = objectOf(inner['schema']);
  return { format: { kind: 'schema', name: stringOf(inner['name']), schema, ...booleanIn(inner, 'strict', 'strict') } };
}
