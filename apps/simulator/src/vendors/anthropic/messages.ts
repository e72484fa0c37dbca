import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { events, json, type Reply, sse } from '../../reply.js';
import type { CountRequest, MessagesRequest } from './schema.js';

const finishes = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  filtered: 'refusal',
  refusal: 'refusal',
} as const;

export function answerMessages(request: MessagesRequest, directions: Directions): Reply {
  const prompt = promptOf(request);
  const answer = think(prompt, directions.answer);
  const message = {
    id: idOf('msg_', JSON.stringify(prompt)),
    type: 'message',
    role: 'assistant',
    model: request.model,
  };
  return request.stream === true ? stream(message, answer) : buffered(message, answer);
}

type Envelope = Readonly<Record<string, unknown>>;

function buffered(message: Envelope, answer: Answer): Reply {
  return json(
    200,
    {
      ...message,
      content: blocksOf(answer, message).map((block) => block.whole),
      stop_reason: finishes[answer.finish],
      stop_sequence: null,
      usage: usage(answer),
    },
    { 'request-id': 'req_simulated' },
  );
}

function stream(message: Envelope, answer: Answer): Reply {
  const list: string[] = [];
  const say = (type: string, more: Envelope): void => void list.push(sse({ type, ...more }, type));
  const started = { ...usage(answer), output_tokens: 1 };
  say('message_start', {
    message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: started },
  });
  say('ping', {});
  blocksOf(answer, message).forEach((block, index) => {
    say('content_block_start', { index, content_block: block.empty });
    for (const delta of block.deltas) say('content_block_delta', { index, delta });
    say('content_block_stop', { index });
  });
  const { output_tokens: output, output_tokens_details: details } = usage(answer);
  say('message_delta', {
    delta: { stop_reason: finishes[answer.finish], stop_sequence: null },
    usage: { output_tokens: output, output_tokens_details: details },
  });
  say('message_stop', {});
  return events(list, { 'request-id': 'req_simulated' });
}

interface BlockOut {
  readonly whole: Envelope;
  readonly empty: Envelope;
  readonly deltas: readonly Envelope[];
}

function blocksOf(answer: Answer, message: Envelope): readonly BlockOut[] {
  const blocks: BlockOut[] = [];
  if (answer.reasoning.length > 0) blocks.push(thinkingBlock(answer.reasoning));
  const chunks = answer.refusal ? [answer.refusal] : answer.chunks;
  if (chunks.length > 0) blocks.push(textBlock(chunks));
  answer.toolCalls.forEach((call, index) => {
    const id = idOf('toolu_', String(message['id']), String(index));
    const start = { type: 'tool_use', id, name: call.name, caller: { type: 'direct' } };
    blocks.push({
      whole: { ...start, input: JSON.parse(call.arguments) as unknown },
      empty: { ...start, input: {} },
      deltas: ['', ...(call.arguments.match(/[^]{1,7}/g) ?? [])].map((part) => ({
        type: 'input_json_delta',
        partial_json: part,
      })),
    });
  });
  return blocks;
}

function textBlock(chunks: readonly string[]): BlockOut {
  return {
    whole: { type: 'text', text: chunks.join(''), citations: null },
    empty: { type: 'text', text: '', citations: null },
    deltas: chunks.map((text) => ({ type: 'text_delta', text })),
  };
}

function thinkingBlock(thoughts: readonly string[]): BlockOut {
  const signature = Buffer.from('simulated signature '.repeat(12)).toString('base64');
  return {
    whole: { type: 'thinking', thinking: thoughts.join(''), signature },
    empty: { type: 'thinking', thinking: '', signature: '' },
    deltas: [
      ...thoughts.map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature },
    ],
  };
}

/** Cached tokens stand beside `input_tokens` here. */
function usage(answer: Answer): Envelope & { output_tokens: number; output_tokens_details: unknown } {
  const { input, output, cacheRead, cacheWrite, reasoning } = answer.tokens;
  return {
    input_tokens: input,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: output,
    output_tokens_details: { thinking_tokens: reasoning },
    service_tier: 'standard',
  };
}

export function promptOf(request: MessagesRequest | CountRequest): Prompt {
  const choice = request.tool_choice;
  const names = (request.tools ?? []).map((tool) => tool.name);
  const system = request.system === undefined ? [] : [{ role: 'system', text: textOf(request.system) }];
  return {
    model: request.model,
    turns: [...system, ...request.messages.map((message) => turnOf(message))],
    tools: choice?.type === 'none' ? [] : names,
    forcedTools: choice?.type === 'tool' ? [choice.name] : choice?.type === 'any' ? names.slice(0, 1) : [],
    jsonSchema: Boolean(request.output_config?.format),
    maxTokens: 'max_tokens' in request ? request.max_tokens : undefined,
    images: JSON.stringify(request.messages).split('"type":"image"').length - 1,
  };
}

type Content = MessagesRequest['messages'][number]['content'];

function turnOf(message: MessagesRequest['messages'][number]): Prompt['turns'][number] {
  const isResult = Array.isArray(message.content) && message.content.some((block) => block.type === 'tool_result');
  return { role: isResult ? 'tool' : message.role, text: textOf(message.content) };
}

function textOf(content: Content): string {
  if (typeof content === 'string') return content;
  return content
    .map((block) => {
      if (block.type === 'text') return block.text;
      if (block.type === 'tool_result') return block.content === undefined ? '' : textOf(block.content);
      return '';
    })
    .join('');
}
