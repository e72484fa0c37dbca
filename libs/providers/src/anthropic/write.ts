import { type JsonObject, unreachable } from '@writ/domain';
import { given } from '../openai/chat-write.js';
import {
  type Block,
  cannotSay,
  type Conversation,
  mergeTurns,
  parseArguments,
  type Turn,
} from '../translate/conversation.js';

/** The vendor demands a limit; callers of other dialects need not give one. */
const defaultMaxTokens = 8_192;

export function writeMessages(conversation: Conversation, model: string, stream: boolean): JsonObject {
  const { system, tools, stop } = conversation;
  if (conversation.choices > 1) cannotSay('n');
  if (conversation.logprobs) cannotSay('logprobs');
  if (conversation.seed !== undefined) cannotSay('seed');
  if (conversation.presencePenalty) cannotSay('presence_penalty');
  if (conversation.frequencyPenalty) cannotSay('frequency_penalty');
  if (conversation.temperature !== undefined && conversation.temperature > 1) cannotSay('a temperature above 1');
  return {
    model,
    max_tokens: conversation.maxOutputTokens ?? defaultMaxTokens,
    ...(system.length > 0 ? { system: system.map((text) => ({ type: 'text', text })) } : {}),
    messages: mergeTurns(conversation.turns).map(messageOf),
    ...(tools.length > 0 ? { tools: tools.map(toolOf) } : {}),
    ...toolChoice(conversation),
    ...given('temperature', conversation.temperature),
    ...given('top_p', conversation.topP),
    ...given('top_k', conversation.topK),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...output(conversation),
    ...thinking(conversation),
    ...(conversation.user === undefined ? {} : { metadata: { user_id: conversation.user } }),
    ...(stream ? { stream: true } : {}),
  };
}

function messageOf(turn: Turn): JsonObject {
  const [only] = turn.blocks;
  if (turn.blocks.length === 1 && only?.kind === 'text') return { role: turn.role, content: only.text };
  const blocks = turn.blocks.filter((block) => block.kind !== 'reasoning' || block.signature !== undefined);
  return { role: turn.role, content: blocks.map(blockOf) };
}

function blockOf(block: Block): JsonObject {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'media':
      if (block.media === 'audio') return cannotSay('audio');
      return {
        type: block.media === 'image' ? 'image' : 'document',
        source: { type: 'base64', media_type: block.mediaType, data: block.data },
      };
    case 'link':
      return { type: block.media === 'image' ? 'image' : 'document', source: { type: 'url', url: block.url } };
    case 'reasoning':
      return { type: 'thinking', thinking: block.text, signature: block.signature ?? '' };
    case 'tool-call':
      return { type: 'tool_use', id: block.id, name: block.name, input: parseArguments(block.arguments) };
    case 'tool-result':
      return {
        type: 'tool_result',
        tool_use_id: block.id,
        content: block.text,
        ...(block.isError ? { is_error: true } : {}),
      };
    default:
      return unreachable(block);
  }
}

function toolOf(tool: Conversation['tools'][number]): JsonObject {
  const { name, description, schema, strict } = tool;
  return { name, ...given('description', description), input_schema: schema, ...given('strict', strict) };
}

function toolChoice({ toolChoice: choice, parallelTools, tools }: Conversation): JsonObject {
  if (tools.length === 0) return {};
  const parallel = parallelTools === false ? { disable_parallel_tool_use: true } : {};
  if (choice === undefined) return parallelTools === false ? { tool_choice: { type: 'auto', ...parallel } } : {};
  if (choice === 'none') return { tool_choice: { type: 'none' } };
  if (choice === 'auto') return { tool_choice: { type: 'auto', ...parallel } };
  if (choice === 'required') return { tool_choice: { type: 'any', ...parallel } };
  return { tool_choice: { type: 'tool', name: choice.name, ...parallel } };
}

function output({ format, reasoning }: Conversation): JsonObject {
  if (format?.kind === 'json') return cannotSay('json_object without a schema');
  const effort = reasoning?.effort;
  const wanted = {
    ...(effort === undefined || effort === 'none' ? {} : { effort: effort === 'minimal' ? 'low' : effort }),
    ...(format ? { format: { type: 'json_schema', schema: format.schema } } : {}),
  };
  return Object.keys(wanted).length > 0 ? { output_config: wanted } : {};
}

function thinking({ reasoning }: Conversation): JsonObject {
  const budget = reasoning?.budget;
  if (budget === 0 || reasoning?.effort === 'none') return { thinking: { type: 'disabled' } };
  return budget === undefined ? {} : { thinking: { type: 'enabled', budget_tokens: budget } };
}
