import { type AnswerEvent, type AnswerPart, err, type FinishReason, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { parseAnswer } from '../answer-reader.js';
import { readText } from '../body.js';
import { broken, BrokenAnswer, detailOf } from '../fault.js';
import { join } from '../openai/profiles.js';
import { translate } from '../translate/translate.js';
import type { Arrived } from '../transport.js';
import { cannotServe, type Job, type Vendor, type Wire } from '../vendor.js';
import { classOf, errorOf } from './faults.js';
import { headerOf, readFrames } from './frames.js';
import { signBedrock } from './sign.js';
import { readUsage } from './usage.js';
import type { ContentBlock, ConverseAnswer, StreamPayload } from './wire.js';
import { writeConverse } from './write.js';
import { readJson, valueOf } from '../json/value.js';

const eventStream = 'application/vnd.amazon.eventstream';

export const bedrock: Vendor = {
  write,
  authorize: async (wire, job) => ok(await signBedrock(wire, job, contentType(job.prompt.ask.stream))),
  read: (arrived, job) => (job.prompt.ask.stream ? readStream(arrived, job) : readWhole(arrived, job)),
  contentType,
  errorOf,
  classOf,
};

function contentType(stream: boolean): string {
  return stream ? eventStream : 'application/json';
}

function write(job: Job): Result<Wire, ProviderFault> {
  if (job.prompt.ask.action !== 'chat') return err(cannotServe('action-not-served'));
  const body = translate(job, (conversation) => writeConverse(conversation, job.model));
  if (!body.ok) return body;
  const method = job.prompt.ask.stream ? 'converse-stream' : 'converse';
  const url = join(job.endpoint.baseUrl, `/model/${encodeURIComponent(job.model)}/${method}`);
  return ok({ url, headers: {}, body: JSON.stringify(body.value) });
}

const finishes: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  guardrail_intervened: 'filtered',
  content_filtered: 'filtered',
};

function startOf(job: Job): AnswerPart {
  return { kind: 'start', id: job.prompt.ask.request, model: job.model };
}

function finishOf(reason: string | undefined): AnswerPart {
  return { kind: 'finish', choice: 0, reason: finishes[reason ?? ''] ?? 'other' };
}

async function* readWhole(arrived: Arrived, job: Job): AsyncGenerator<AnswerEvent, void, undefined> {
  const json = await readText(arrived.chunks);
  const { output, stopReason, usage } = valueOf(parseAnswer(json)) as ConverseAnswer;
  if (!output?.message?.content) throw broken('no-message');
  let calls = 0;
  const said = output.message.content.flatMap((block) => blockParts(block, () => calls++));
  const counted = readUsage(usage);
  const count: AnswerPart[] = counted ? [{ kind: 'usage', usage: counted }] : [];
  yield { parts: [startOf(job), ...said, finishOf(stopReason), ...count], terminal: true };
}

function blockParts(block: ContentBlock, nextCall: () => number): readonly AnswerPart[] {
  const { text, toolUse, reasoningContent } = block;
  const thought = reasoningContent?.reasoningText?.text;
  return [
    ...(typeof thought === 'string' ? [{ kind: 'reasoning', choice: 0, text: thought } as const] : []),
    ...(typeof text === 'string' ? [{ kind: 'text', choice: 0, text } as const] : []),
    ...(toolUse ? [callOf(toolUse, nextCall(), JSON.stringify(toolUse.input ?? {}))] : []),
  ];
}

function callOf(
  tool: { readonly toolUseId?: string; readonly name?: string },
  index: number,
  args: string,
): AnswerPart {
  return { kind: 'tool-call', choice: 0, index, id: tool.toolUseId ?? '', name: tool.name ?? '', arguments: args };
}

async function* readStream(arrived: Arrived, job: Job): AsyncGenerator<AnswerEvent, void, undefined> {
  const calls = new Map<number, number>();
  for await (const frame of readFrames(arrived.chunks)) {
    const json = Buffer.from(frame.body).toString('utf8');
    const kind = headerOf(frame, ':message-type');
    if (kind !== 'event') throw exception(headerOf(frame, ':exception-type') || headerOf(frame, ':error-code'), json);
    const type = headerOf(frame, ':event-type');
    const parts = partsOf(type, valueOf(parseAnswer(json)) as StreamPayload, calls, job);
    const terminal = type === 'metadata';
    yield { parts, terminal };
    if (terminal) return;
  }
  throw broken('cut');
}

function partsOf(type: string, payload: StreamPayload, calls: Map<number, number>, job: Job): readonly AnswerPart[] {
  const block = payload.contentBlockIndex ?? 0;
  switch (type) {
    case 'messageStart':
      return [startOf(job)];
    case 'contentBlockStart':
      if (!payload.start?.toolUse) return [];
      calls.set(block, calls.size);
      return [callOf(payload.start.toolUse, calls.size - 1, '')];
    case 'contentBlockDelta': {
      const { text, toolUse, reasoningContent } = payload.delta ?? {};
      if (typeof text === 'string') return [{ kind: 'text', choice: 0, text }];
      if (typeof reasoningContent?.text === 'string')
        return [{ kind: 'reasoning', choice: 0, text: reasoningContent.text }];
      if (typeof toolUse?.input !== 'string') return [];
      return [{ kind: 'tool-call', choice: 0, index: calls.get(block) ?? 0, arguments: toolUse.input }];
    }
    case 'messageStop':
      return [finishOf(payload.stopReason)];
    case 'metadata': {
      const usage = readUsage(payload.usage);
      return usage ? [{ kind: 'usage', usage }] : [];
    }
    default:
      return [];
  }
}

function exception(code: string, json: string): BrokenAnswer {
  const error = { ...errorOf(readJson(json)), code };
  return new BrokenAnswer({ class: classOf(200, error) ?? 'unavailable', detail: detailOf(200, error) });
}
