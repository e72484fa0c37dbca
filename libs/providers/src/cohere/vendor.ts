import { type AnswerEvent, type AnswerPart, err, type FinishReason, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { parseAnswer } from '../answer-reader.js';
import { readEvents, readText } from '../body.js';
import { readEach, readOnce } from '../read-each.js';
import { broken, BrokenAnswer } from '../fault.js';
import { join } from '../openai/profiles.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { classOf, errorOf } from './faults.js';
import { readUsage } from './usage.js';
import type { CohereAnswer, CohereCall, CohereEvent, CohereUsage } from './wire.js';
import { writeCohere } from './write.js';
import { valueOf } from '../json/value.js';

export const cohere: Vendor = {
  write,
  read: (arrived, job) => (job.prompt.ask.stream ? readStream(arrived, job) : readOnce(() => readWhole(arrived, job))),
  errorOf,
  classOf,
};

function write(job: Job): Result<Wire, ProviderFault> {
  if (job.prompt.ask.action !== 'chat') return err(cannotServe('action-not-served'));
  const body = translate(job, (conversation) => writeCohere(conversation, job.model, job.prompt.ask.stream));
  if (!body.ok) return body;
  const headers = job.secret === undefined ? {} : { authorization: `Bearer ${job.secret}` };
  return ok({ url: join(job.endpoint.baseUrl, '/v2/chat'), headers, body: JSON.stringify(body.value) });
}

const finishes: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR: 'error',
  ERROR_TOXIC: 'filtered',
  TIMEOUT: 'error',
};

function ending(reason: string | undefined, usage: CohereUsage | undefined): readonly AnswerPart[] {
  const counted = readUsage(usage);
  return [
    { kind: 'finish', choice: 0, reason: finishes[reason ?? ''] ?? 'other' },
    ...(counted ? [{ kind: 'usage', usage: counted } as const] : []),
  ];
}

function said(kind: 'text' | 'reasoning', text: string | undefined): readonly AnswerPart[] {
  return typeof text === 'string' ? [{ kind, choice: 0, text }] : [];
}

function callOf(call: CohereCall, index: number): AnswerPart {
  const { name = '', arguments: args = '' } = call.function ?? {};
  return { kind: 'tool-call', choice: 0, index, id: call.id ?? '', name, arguments: args };
}

async function readWhole(arrived: Arrived, job: Job): Promise<AnswerEvent> {
  const json = await readText(arrived.chunks);
  const { id, message, finish_reason: reason, usage } = valueOf(parseAnswer(json)) as CohereAnswer;
  if (!message) throw broken('no-message');
  const parts: AnswerPart[] = [
    { kind: 'start', id: id ?? job.prompt.ask.request, model: job.model },
    ...said('reasoning', message.tool_plan),
    ...(message.content ?? []).flatMap((block) => [...said('reasoning', block.thinking), ...said('text', block.text)]),
    ...(message.tool_calls ?? []).map(callOf),
    ...ending(reason, usage),
  ];
  return { parts, terminal: true };
}

function readStream(arrived: Arrived, job: Job): AsyncIterable<AnswerEvent> {
  return readEach(readEvents(arrived.chunks), (message) => {
    if (!message) throw broken('cut');
    const { data } = message;
    if (data === '[DONE]') throw broken('no-message-end');
    const event = valueOf(parseAnswer(data)) as CohereEvent;
    if (event.delta?.finish_reason === 'ERROR')
      throw new BrokenAnswer({ class: 'unavailable', detail: 'http-200 ERROR' });
    const terminal = event.type === 'message-end';
    return { parts: partsOf(event, job), terminal };
  });
}

function partsOf(event: CohereEvent, job: Job): readonly AnswerPart[] {
  const { message, finish_reason: reason, usage } = event.delta ?? {};
  switch (event.type) {
    case 'message-start':
      return [{ kind: 'start', id: event.id ?? job.prompt.ask.request, model: job.model }];
    case 'content-start':
    case 'content-delta':
      return [...said('reasoning', message?.content?.thinking), ...said('text', message?.content?.text)];
    case 'tool-plan-delta':
      return said('reasoning', message?.tool_plan);
    case 'tool-call-start':
      return message?.tool_calls ? [callOf(message.tool_calls, event.index ?? 0)] : [];
    case 'tool-call-delta': {
      const args = message?.tool_calls?.function?.arguments ?? '';
      return [{ kind: 'tool-call', choice: 0, index: event.index ?? 0, arguments: args }];
    }
    case 'message-end':
      return ending(reason, usage);
    default:
      return [];
  }
}
