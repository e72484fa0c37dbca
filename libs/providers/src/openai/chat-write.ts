import type { JsonObject, JsonValue } from '@writ/domain';
import { type Block, cannotSay, type Conversation, type Turn } from '../translate/conversation.js';

export interface ChatWriting {
  readonly model: string;
  readonly stream: boolean;
  readonly tokensField: 'max_completion_tokens' | 'max_tokens';
  readonly usageOption: boolean;
}

/** A conversation of another dialect, on OpenAI's wire. */
export function writeChat(conversation: Conversation, how: ChatWriting): JsonObject {
  const { system, turns, tools, stop, choices } = conversation;
  if (conversation.topK !== undefined) cannotSay('top_k');
  return {
    model: how.model,
    messages: [...system.map((content) => ({ role: 'system', content })), ...turns.flatMap(messagesOf)],
    ...(tools.length > 0 ? { tools: tools.map(toolOf) } : {}),
    ...toolChoice(conversation),
    ...given('parallel_tool_calls', conversation.parallelTools),
    ...given(how.tokensField, conversation.maxOutputTokens),
    ...given('temperature', conversation.temperature),
    ...given('top_p', conversation.topP),
    ...given('seed', conversation.seed),
    ...given('presence_penalty', conversation.presencePenalty),
    ...given('frequency_penalty', conversation.frequencyPenalty),
    ...(stop.length > 0 ? { stop } : {}),
    ...(choices > 1 ? { n: choices } : {}),
    ...format(conversation),
    ...given('reasoning_effort', effortOf(conversation)),
    ...(conversation.logprobs ? { logprobs: true, ...given('top_logprobs', conversation.logprobs.top) } : {}),
    ...given('user', conversation.user),
    ...(how.stream ? { stream: true } : {}),
    ...(how.stream && how.usageOption ? { stream_options: { include_usage: true } } : {}),
  };
}

export function given(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

/** A budget in tokens has no word here; its size does. */
export function effortOf(conversation: Conversation): string | undefined {
  const { effort, budget } = conversation.reasoning ?? {};
  if (effort !== undefined || budget === undefined) return effort;
  if (budget === 0) return 'none';
  return budget <= 2_048 ? 'low' : budget <= 16_384 ? 'medium' : 'high';
}

function messagesOf(turn: Turn): readonly JsonObject[] {
  if (turn.role === 'assistant') return [assistant(turn.blocks)];
  const results = turn.blocks.filter((block) => block.kind === 'tool-result');
  const rest = turn.blocks.filter((block) => block.kind !== 'tool-result');
  const answers = results.map((result) => ({ role: 'tool', tool_call_id: result.id, content: result.text }));
  return rest.length > 0 ? [...answers, { role: 'user', content: contentOf(rest) }] : answers;
}

function assistant(blocks: readonly Block[]): JsonObject {
  const text = blocks.map((block) => (block.kind === 'text' ? block.text : '')).join('');
  const calls = blocks
    .filter((block) => block.kind === 'tool-call')
    .map(({ id, name, arguments: args }) => ({ id, type: 'function', function: { name, arguments: args } }));
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function contentOf(blocks: readonly Block[]): JsonValue {
  const [only] = blocks;
  if (blocks.length === 1 && only?.kind === 'text') return only.text;
  return blocks.map((block): JsonObject => {
    switch (block.kind) {
      case 'text':
        return { type: 'text', text: block.text };
      case 'link':
        return block.media === 'image'
          ? { type: 'image_url', image_url: { url: block.url } }
          : cannotSay('a document by its link');
      case 'media':
        return mediaOf(block);
      default:
        return cannotSay(`${block.kind} in a user turn`);
    }
  });
}

function mediaOf(block: Extract<Block, { kind: 'media' }>): JsonObject {
  const url = `data:${block.mediaType};base64,${block.data}`;
  if (block.media === 'image') return { type: 'image_url', image_url: { url } };
  if (block.media === 'file') return { type: 'file', file: { file_data: url, filename: 'document' } };
  return { type: 'input_audio', input_audio: { data: block.data, format: block.mediaType.replace('audio/', '') } };
}

function toolOf(tool: Conversation['tools'][number]): JsonObject {
  const { name, description, schema, strict } = tool;
  const inner = { name, ...given('description', description), parameters: schema, ...given('strict', strict) };
  return { type: 'function', function: inner };
}

function toolChoice({ toolChoice: choice }: Conversation): JsonObject {
  if (choice === undefined) return {};
  return { tool_choice: typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } } };
}

function format({ format: wanted }: Conversation): JsonObject {
  if (!wanted) return {};
  if (wanted.kind === 'json') return { response_format: { type: 'json_object' } };
  const { name, schema, strict } = wanted;
  return { response_format: { type: 'json_schema', json_schema: { name, schema, ...given('strict', strict) } } };
}
