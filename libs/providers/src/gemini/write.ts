import { type JsonObject, unreachable } from '@writ/domain';
import { given } from '../openai/chat-write.js';
import { type Block, cannotSay, type Conversation, mergeTurns, parseArguments } from '../translate/conversation.js';

export function writeGenerate(conversation: Conversation): JsonObject {
  const { system, tools } = conversation;
  if (conversation.logprobs) cannotSay('logprobs');
  if (conversation.parallelTools === false) cannotSay('parallel_tool_calls: false');
  return {
    contents: mergeTurns(conversation.turns).map((turn) => ({
      role: turn.role === 'assistant' ? 'model' : 'user',
      parts: turn.blocks.flatMap(partsOf),
    })),
    ...(system.length > 0 ? { systemInstruction: { parts: system.map((text) => ({ text })) } } : {}),
    ...(tools.length > 0 ? { tools: [{ functionDeclarations: tools.map(declarationOf) }] } : {}),
    ...toolConfig(conversation),
    ...generationConfig(conversation),
  };
}

function partsOf(block: Block): readonly JsonObject[] {
  switch (block.kind) {
    case 'text':
      return [{ text: block.text }];
    case 'media':
      return [{ inlineData: { mimeType: block.mediaType, data: block.data } }];
    case 'link':
      return cannotSay('an image by its link');
    case 'reasoning':
      return [];
    case 'tool-call':
      return [{ functionCall: { name: block.name, args: parseArguments(block.arguments) } }];
    case 'tool-result': {
      const key = block.isError ? 'error' : 'output';
      return [{ functionResponse: { name: block.name, response: { [key]: block.text } } }];
    }
    default:
      return unreachable(block);
  }
}

function declarationOf(tool: Conversation['tools'][number]): JsonObject {
  const { name, description, schema } = tool;
  return { name, ...given('description', description), parametersJsonSchema: schema };
}

function toolConfig({ toolChoice: choice }: Conversation): JsonObject {
  if (choice === undefined) return {};
  const modes = { auto: { mode: 'AUTO' }, none: { mode: 'NONE' }, required: { mode: 'ANY' } } as const;
  const config = typeof choice === 'string' ? modes[choice] : { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { toolConfig: { functionCallingConfig: config } };
}

function generationConfig(conversation: Conversation): JsonObject {
  const { stop, choices, format } = conversation;
  const config: JsonObject = {
    ...given('maxOutputTokens', conversation.maxOutputTokens),
    ...given('temperature', conversation.temperature),
    ...given('topP', conversation.topP),
    ...given('topK', conversation.topK),
    ...given('seed', conversation.seed),
    ...given('presencePenalty', conversation.presencePenalty),
    ...given('frequencyPenalty', conversation.frequencyPenalty),
    ...(stop.length > 0 ? { stopSequences: stop } : {}),
    ...(choices > 1 ? { candidateCount: choices } : {}),
    ...(format ? { responseMimeType: 'application/json' } : {}),
    ...(format?.kind === 'schema' ? { responseJsonSchema: format.schema } : {}),
    ...thinking(conversation),
  };
  return Object.keys(config).length > 0 ? { generationConfig: config } : {};
}

const budgets: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 512,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

function thinking({ reasoning }: Conversation): JsonObject {
  const budget = reasoning?.budget ?? budgets[reasoning?.effort ?? ''];
  return budget === undefined ? {} : { thinkingConfig: { thinkingBudget: budget } };
}
