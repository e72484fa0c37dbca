import { type JsonObject, unreachable } from '@writ/domain';
import { given } from '../openai/chat-write.js';
import { type Block, cannotSay, type Conversation, mergeTurns, parseArguments } from '../translate/conversation.js';

/** Converse and ConverseStream take the same body; the model stands in the path, and says which fields of its own it knows. */
export function writeConverse(conversation: Conversation, model: string): JsonObject {
  const { system, turns } = conversation;
  if (conversation.choices > 1) cannotSay('n');
  if (conversation.logprobs) cannotSay('logprobs');
  if (conversation.seed !== undefined) cannotSay('seed');
  if (conversation.topK !== undefined) cannotSay('top_k');
  if (conversation.presencePenalty) cannotSay('presence_penalty');
  if (conversation.frequencyPenalty) cannotSay('frequency_penalty');
  if (conversation.parallelTools === false) cannotSay('parallel_tool_calls: false');
  return {
    messages: mergeTurns(turns).map(({ role, blocks }) => ({ role, content: blocks.flatMap(contentOf) })),
    ...(system.length > 0 ? { system: system.map((text) => ({ text })) } : {}),
    ...inference(conversation),
    ...toolConfig(conversation),
    ...outputConfig(conversation),
    ...reasoningOf(conversation, model),
  };
}

function contentOf(block: Block): readonly JsonObject[] {
  switch (block.kind) {
    case 'text':
      return [{ text: block.text }];
    case 'media': {
      const [, format = ''] = /^(?:image|application)\/(\w+)$/.exec(block.mediaType) ?? [];
      if (block.media === 'audio' || format === '') return cannotSay(`${block.media} of this type`);
      const source = { bytes: block.data };
      return block.media === 'image'
        ? [{ image: { format, source } }]
        : [{ document: { format, name: 'document', source } }];
    }
    case 'link':
      return cannotSay('an image by its link');
    case 'reasoning':
      return block.signature === undefined
        ? []
        : [{ reasoningContent: { reasoningText: { text: block.text, signature: block.signature } } }];
    case 'tool-call':
      return [{ toolUse: { toolUseId: block.id, name: block.name, input: parseArguments(block.arguments) } }];
    case 'tool-result': {
      const status = block.isError ? { status: 'error' } : {};
      return [{ toolResult: { toolUseId: block.id, content: [{ text: block.text }], ...status } }];
    }
    default:
      return unreachable(block);
  }
}

/** Converse has no field for reasoning; each family of models has one of its own. */
function reasoningOf({ reasoning }: Conversation, model: string): JsonObject {
  const { budget, effort } = reasoning ?? {};
  if (budget === 0 || effort === 'none' || (budget === undefined && effort === undefined)) return {};
  if (budget !== undefined && model.includes('anthropic.claude'))
    return { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: budget } } };
  if (effort !== undefined && model.includes('openai.gpt-oss'))
    return { additionalModelRequestFields: { reasoning_effort: effort } };
  return cannotSay('a budget or effort of reasoning');
}

function inference(conversation: Conversation): JsonObject {
  const config = {
    ...given('maxTokens', conversation.maxOutputTokens),
    ...given('temperature', conversation.temperature),
    ...given('topP', conversation.topP),
    ...(conversation.stop.length > 0 ? { stopSequences: conversation.stop } : {}),
  };
  return Object.keys(config).length > 0 ? { inferenceConfig: config } : {};
}

function toolConfig({ tools, toolChoice: choice }: Conversation): JsonObject {
  if (tools.length === 0 || choice === 'none') return {};
  const choices = { auto: { auto: {} }, required: { any: {} } } as const;
  const named = typeof choice === 'object' ? { tool: { name: choice.name } } : undefined;
  const toolChoice = named ?? (choice === 'auto' || choice === 'required' ? choices[choice] : undefined);
  return {
    toolConfig: {
      tools: tools.map(({ name, description, schema, strict }) => ({
        toolSpec: {
          name,
          ...given('description', description),
          inputSchema: { json: schema },
          ...given('strict', strict),
        },
      })),
      ...(toolChoice ? { toolChoice } : {}),
    },
  };
}

function outputConfig({ format }: Conversation): JsonObject {
  if (!format) return {};
  if (format.kind === 'json') return cannotSay('json_object without a schema');
  const jsonSchema = { name: format.name, schema: JSON.stringify(format.schema) };
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
}
