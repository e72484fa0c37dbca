import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { events, json, type Reply, sse } from '../../reply.js';
import type { ChatRequest } from './schema.js';

const created = 1_760_000_000;
const finishes = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  filtered: 'content_filter',
  refusal: 'stop',
} as const;

export function answerChat(request: ChatRequest, directions: Directions): Reply {
  const prompt = promptOf(request);
  const answers = Array.from({ length: request.n ?? 1 }, () => think(prompt, directions.answer));
  const envelope = {
    id: idOf('chatcmpl-', JSON.stringify(prompt)),
    created,
    model: request.model,
    service_tier: 'default',
    system_fingerprint: 'fp_simulated',
  };
  return request.stream === true
    ? stream(request, envelope, answers, directions)
    : buffered(request, envelope, answers, directions);
}

type Envelope = Readonly<Record<string, unknown>>;

function buffered(request: ChatRequest, envelope: Envelope, answers: readonly Answer[], directions: Directions): Reply {
  return json(200, {
    ...envelope,
    object: 'chat.completion',
    choices: answers.map((answer, index) => ({
      index,
      message: {
        role: 'assistant',
        content: answer.chunks.length > 0 ? answer.chunks.join('') : null,
        ...(answer.reasoning.length > 0 ? { reasoning_content: answer.reasoning.join('') } : {}),
        refusal: answer.refusal || null,
        annotations: [],
        ...(answer.toolCalls.length > 0 ? { tool_calls: toolCalls(answer, envelope, index) } : {}),
      },
      logprobs: request.logprobs === true ? logprobs(answer.chunks) : null,
      finish_reason: finishes[answer.finish],
    })),
    ...(directions.answer.withoutUsage ? {} : { usage: usage(answers) }),
  });
}

function stream(request: ChatRequest, envelope: Envelope, answers: readonly Answer[], directions: Directions): Reply {
  const wantsUsage = request.stream_options?.include_usage === true && !directions.answer.withoutUsage;
  const withChoices = directions.answer.usageWithChoices === true;
  const list: string[] = [];
  const chunk = (choices: readonly unknown[], more: Envelope = {}): void => {
    const body = { ...envelope, object: 'chat.completion.chunk', choices };
    list.push(sse({ ...body, ...(wantsUsage ? { usage: null } : {}), ...more }));
  };
  answers.forEach((answer, index) => {
    const say = (delta: unknown, tokens?: readonly string[]): void =>
      chunk([
        { index, delta, logprobs: request.logprobs === true ? logprobs(tokens ?? []) : null, finish_reason: null },
      ]);
    say({ role: 'assistant', content: answer.toolCalls.length > 0 ? null : '', refusal: null });
    for (const thought of answer.reasoning) say({ reasoning_content: thought });
    for (const text of answer.chunks) say({ content: text }, [text]);
    if (answer.refusal) say({ refusal: answer.refusal });
    toolCalls(answer, envelope, index).forEach((call, at) => {
      say({ tool_calls: [{ index: at, ...call, function: { name: call.function.name, arguments: '' } }] });
      for (const part of call.function.arguments.match(/[^]{1,7}/g) ?? []) {
        say({ tool_calls: [{ index: at, function: { arguments: part } }] });
      }
    });
    const last = index === answers.length - 1 && wantsUsage && withChoices;
    chunk(
      [{ index, delta: {}, logprobs: null, finish_reason: finishes[answer.finish] }],
      last ? { usage: usage(answers) } : {},
    );
  });
  if (wantsUsage && !withChoices) chunk([], { usage: usage(answers) });
  list.push(sse('[DONE]'));
  return events(list);
}

function toolCalls(
  answer: Answer,
  envelope: Envelope,
  choice: number,
): { id: string; type: 'function'; function: { name: string; arguments: string } }[] {
  return answer.toolCalls.map((call, index) => ({
    id: idOf('call_', String(envelope['id']), String(choice), String(index)),
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
}

function logprobs(tokens: readonly string[]): unknown {
  const content = tokens.map((token) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)], top_logprobs: [] }));
  return { content, refusal: null };
}

function usage(answers: readonly Answer[]): unknown {
  const prompt = answers[0]?.tokens.input ?? 0;
  const completion = answers.reduce((sum, answer) => sum + answer.tokens.output, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: answers[0]?.tokens.cacheRead ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answers.reduce((sum, answer) => sum + answer.tokens.reasoning, 0),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function promptOf(request: ChatRequest): Prompt {
  const choice = request.tool_choice;
  const names = (request.tools ?? []).map((tool) => (tool.type === 'function' ? tool.function.name : tool.custom.name));
  return {
    model: request.model,
    turns: request.messages.map((message) => ({ role: message.role, text: textOf(message.content) })),
    tools: choice === 'none' ? [] : names,
    forcedTools: forced(choice, names),
    jsonSchema: request.response_format?.type === 'json_schema' || request.response_format?.type === 'json_object',
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
    images: request.messages.reduce((sum, message) => sum + imagesOf(message.content), 0),
  };
}

function forced(choice: ChatRequest['tool_choice'], names: readonly string[]): readonly string[] {
  if (choice === 'required') return names.slice(0, 1);
  if (typeof choice === 'object' && choice.type === 'function') return [choice.function.name];
  return typeof choice === 'object' && choice.type === 'custom' ? [choice.custom.name] : [];
}

type Content = ChatRequest['messages'][number]['content'];

function textOf(content: Content): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function imagesOf(content: Content): number {
  return Array.isArray(content) ? content.filter((part) => part.type === 'image_url').length : 0;
}
