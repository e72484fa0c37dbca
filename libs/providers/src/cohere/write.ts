import { type JsonObject, unreachable } from '@writ/domain';
import { given } from '../openai/chat-write.js';
import { type Block, cannotSay, type Conversation, type Turn } from '../translate/conversation.js';

/** `POST /v2/chat` */
export function writeCohere(conversation: Conversation, model: string, stream: boolean): JsonObject {
  const { system, turns, stop } = conversation;
  const tools = offered(conversation);
  if (conversation.choices > 1) cannotSay('n');
  if (conversation.logprobs?.top !== undefined) cannotSay('top_logprobs');
  if (conversation.parallelTools === false) cannotSay('parallel_tool_calls: false');
  return {
    model,
    stream,
    messages: [...system.map((content) => ({ role: 'system', content })), ...turns.flatMap(messagesOf)],
    ...(tools.length > 0 ? { tools: tools.map(toolOf) } : {}),
    ...toolChoice(conversation),
    ...given('max_tokens', conversation.maxOutputTokens),
    ...given('temperature', conversation.temperature),
    ...given('p', conversation.topP),
    ...given('k', conversation.topK),
    ...given('seed', conversation.seed),
    ...given('presence_penalty', conversation.presencePenalty),
    ...given('frequency_penalty', conversation.frequencyPenalty),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...(conversation.logprobs ? { logprobs: true } : {}),
    ...format(conversation),
    ...thinking(conversation),
  };
}

function messagesOf(turn: Turn): readonly JsonObject[] {
  if (turn.role === 'assistant') return [assistant(turn.blocks)];
  const results = turn.blocks.filter((block) => block.kind === 'tool-result');
  const rest = turn.blocks.filter((block) => block.kind !== 'tool-result');
  const answers = results.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text }));
  return rest.length > 0 ? [...answers, { role: 'user', content: rest.map(contentOf) }] : answers;
}

function assistant(blocks: readonly Block[]): JsonObject {
  const text = blocks.map((block) => (block.kind === 'text' ? block.text : '')).join('');
  const calls = blocks
    .filter((block) => block.kind === 'tool-call')
    .map(({ id, name, arguments: args }) => ({ id, type: 'function', function: { name, arguments: args } }));
  return {
    role: 'assistant',
    ...(text === '' ? {} : { content: text }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function contentOf(block: Block): JsonObject {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'media':
      if (block.media !== 'image') return cannotSay(block.media);
      return { type: 'image_url', image_url: { url: `data:${block.mediaType};base64,${block.data}` } };
    case 'link':
      return block.media === 'image'
        ? { type: 'image_url', image_url: { url: block.url } }
        : cannotSay('a document by its link');
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return cannotSay(`${block.kind} in a user turn`);
    default:
      return unreachable(block);
  }
}

function toolOf({ name, description, schema }: Conversation['tools'][number]): JsonObject {
  return { type: 'function', function: { name, ...given('description', description), parameters: schema } };
}

function toolChoice({ toolChoice: choice }: Conversation): JsonObject {
  if (choice === 'none') return { tool_choice: 'NONE' };
  if (choice === 'required') return { tool_choice: 'REQUIRED' };
  return typeof choice === 'object' ? { tool_choice: 'REQUIRED' } : {};
}

/** This vendor forces some tool, not a named one: so the named one is the only one offered. */
function offered({ tools, toolChoice: choice }: Conversation): Conversation['tools'] {
  return typeof choice === 'object' ? tools.filter((tool) => tool.name === choice.name) : tools;
}

function format({ format: wanted }: Conversation): JsonObject {
  if (!wanted) return {};
  const schema = wanted.kind === 'schema' ? { json_schema: wanted.schema } : {};
  return { response_format: { type: 'json_object', ...schema } };
}

function thinking({ reasoning }: Conversation): JsonObject {
  if (reasoning?.budget === 0 || reasoning?.effort === 'none') return { thinking: { type: 'disabled' } };
  if (reasoning?.budget === undefined) return {};
  return { thinking: { type: 'enabled', token_budget: reasoning.budget } };
}
