import type { AnswerEvent, AnswerPart, Ask, Dialect, FinishReason, Refusal, Usage } from '@writ/domain';
import {
  contentTypeOf,
  type Encoder,
  frame,
  isBareEnd,
  isSaid,
  keepAliveComment,
  nothing,
} from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { itemsOf, type Node, type ObjectNode } from '../json/parse.js';
import { type Edit, splice } from '../json/splice.js';
import { readingOf } from './chat-read.js';
import { openAiErrorBody } from './refusal.js';
import { writeUsage } from './usage.js';

const finishes: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  filtered: 'content_filter',
  refusal: 'stop',
  error: 'stop',
  other: 'stop',
};

export function chatEncoder(ask: Ask, answeredModel: string): Encoder {
  const options = ask.body['stream_options'];
  const wantsUsage = typeof options === 'object' && options !== null && 'include_usage' in options;
  const state: Identity = {
    id: `chatcmpl-${ask.request}`,
    created: Math.floor(ask.receivedAt / 1000),
    model: answeredModel,
  };
  const own = new OwnChunks(ask.dialect, state, wantsUsage && options.include_usage === true);
  return {
    contentType: contentTypeOf(ask.stream),
    keepAlive: ask.stream ? keepAliveComment : nothing,
    encode(event) {
      own.learn(event);
      const text = ask.stream ? encodeChunk(event, own) : encodeWhole(event, state, ask.dialect);
      return text === '' ? nothing : Buffer.from(text);
    },
    failure: (refusal: Refusal, request: string) =>
      ask.stream ? Buffer.from(frame(JSON.stringify(openAiErrorBody(refusal, request)))) : nothing,
  };
}

interface Identity {
  id: string;
  created: number;
  model: string;
}

function encodeChunk(event: AnswerEvent, own: OwnChunks): string {
  const { source } = event;
  if (source?.dialect !== own.dialect)
    return own.write(event.parts) + (event.terminal ? own.count() + frame('[DONE]') : '');
  if (event.terminal) return own.write(event.parts.filter((part) => !('at' in part))) + frame('[DONE]');
  const { json, homeless } = spliced(source, event.parts);
  return own.write(homeless) + frame(json);
}

function encodeWhole(event: AnswerEvent, state: Identity, dialect: Dialect): string {
  if (event.source?.dialect === dialect) return spliced(event.source, event.parts).json;
  return JSON.stringify(wholeBody(event.parts, state));
}

/** The vendor's JSON with only the rewritten parts replaced. Token probabilities repeat the words, so they go with them. */
function spliced(
  source: NonNullable<AnswerEvent['source']>,
  parts: readonly AnswerPart[],
): { json: string; homeless: readonly AnswerPart[] } {
  const reading = readingOf(source);
  const { json } = source;
  const { edits, changed, homeless } = respell(reading, parts);
  const all = changed ? [...edits, ...logprobs(reading.tree)] : edits;
  return { json: all.length > 0 ? splice(json, all) : json, homeless };
}

function logprobs(tree: ObjectNode): readonly Edit[] {
  const choices = tree.members.find((found) => found.name === 'choices')?.value;
  return itemsOf(choices).flatMap((choice: Node) =>
    choice.kind === 'object'
      ? choice.members
          .filter((found) => found.name === 'logprobs')
          .map(({ value }) => ({ start: value.start, end: value.end, text: 'null' }))
      : [],
  );
}

/** Chunks written from canonical parts, for answers of another dialect and for words that lost their place. */
class OwnChunks {
  readonly #begun = new Set<number>();
  readonly #calls = new Set<string>();
  readonly #state: Identity;
  readonly #usage: boolean;
  #counted: Usage | undefined;

  constructor(
    readonly dialect: Dialect,
    state: Identity,
    usage: boolean,
  ) {
    this.#state = state;
    this.#usage = usage;
  }

  learn(event: AnswerEvent): void {
    for (const part of event.parts) {
      if (part.kind === 'start') {
        if (part.id !== '') this.#state.id = part.id;
        if (part.createdSeconds !== undefined) this.#state.created = part.createdSeconds;
        if (event.source?.dialect === this.dialect && part.model !== '') this.#state.model = part.model;
      }
      if (event.source?.dialect === this.dialect && 'choice' in part) this.#begun.add(part.choice);
    }
  }

  /** The last chunk before the end, for a caller that asked for it. Vendors may count many times; the last count holds. */
  count(): string {
    return this.#usage && this.#counted ? this.#chunk([], { usage: writeUsage(this.#counted) }) : '';
  }

  write(parts: readonly AnswerPart[]): string {
    return parts.map((part) => (isSaid(part) && isBareEnd(part) ? '' : this.#one(part))).join('');
  }

  #one(part: AnswerPart): string {
    switch (part.kind) {
      case 'text':
        return this.#delta(part.choice, { content: part.text });
      case 'reasoning':
        return this.#delta(part.choice, { reasoning_content: part.text });
      case 'refusal':
        return this.#delta(part.choice, { refusal: part.text });
      case 'tool-call':
        return this.#delta(part.choice, { tool_calls: [this.#call(part)] });
      case 'finish':
        return this.#chunk([{ index: part.choice, delta: {}, logprobs: null, finish_reason: finishes[part.reason] }]);
      case 'usage':
        this.#counted = part.usage;
        return '';
      default:
        return '';
    }
  }

  #call(part: Extract<AnswerPart, { kind: 'tool-call' }>): object {
    const key = `${part.choice}/${part.index}`;
    const fresh = !this.#calls.has(key) && part.id !== undefined;
    this.#calls.add(key);
    return {
      index: part.index,
      ...(fresh ? { id: part.id, type: 'function' } : {}),
      function: { ...(fresh ? { name: part.name ?? '' } : {}), arguments: part.arguments },
    };
  }

  #delta(choice: number, delta: object): string {
    if (choice < 0) return '';
    if (this.dialect === 'openai.completions') {
      const text = 'content' in delta ? delta.content : '';
      return this.#chunk([{ index: choice, text, logprobs: null, finish_reason: null }]);
    }
    const first = !this.#begun.has(choice);
    this.#begun.add(choice);
    const whole = first ? { role: 'assistant', ...delta } : delta;
    return this.#chunk([{ index: choice, delta: whole, logprobs: null, finish_reason: null }]);
  }

  #chunk(choices: readonly object[], more: object = {}): string {
    const { id, created, model } = this.#state;
    const usage = this.#usage ? { usage: null } : {};
    const object = this.dialect === 'openai.completions' ? 'text_completion' : 'chat.completion.chunk';
    return frame(JSON.stringify({ id, object, created, model, choices, ...usage, ...more }));
  }
}

interface Choice {
  text: string;
  reasoning: string;
  refusal: string;
  finish: string;
  readonly calls: Map<number, { id: string; name: string; arguments: string }>;
}

function wholeBody(parts: readonly AnswerPart[], state: Identity): object {
  const choices = new Map<number, Choice>();
  const at = (index: number): Choice => {
    const found = choices.get(index) ?? { text: '', reasoning: '', refusal: '', finish: 'stop', calls: new Map() };
    choices.set(index, found);
    return found;
  };
  let usage: object | undefined;
  for (const part of parts) {
    if (part.kind === 'usage') usage = writeUsage(part.usage);
    if (!('choice' in part) || part.choice < 0) continue;
    const choice = at(part.choice);
    if (part.kind === 'finish') choice.finish = finishes[part.reason];
    else if (part.kind === 'tool-call') addCall(choice, part);
    else choice[part.kind] += part.text;
  }
  const list = [...choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => wholeChoice(index, choice));
  return { ...state, object: 'chat.completion', choices: list, ...(usage ? { usage } : {}) };
}

function addCall(choice: Choice, part: Extract<AnswerPart, { kind: 'tool-call' }>): void {
  const call = choice.calls.get(part.index) ?? { id: '', name: '', arguments: '' };
  choice.calls.set(part.index, {
    id: part.id ?? call.id,
    name: part.name ?? call.name,
    arguments: call.arguments + part.arguments,
  });
}

function wholeChoice(index: number, choice: Choice): object {
  const calls = [...choice.calls]
    .toSorted(([a], [b]) => a - b)
    .map(([, { id, ...call }]) => ({ id, type: 'function', function: call }));
  return {
    index,
    message: {
      role: 'assistant',
      content: choice.text === '' ? null : choice.text,
      ...(choice.reasoning === '' ? {} : { reasoning_content: choice.reasoning }),
      refusal: choice.refusal === '' ? null : choice.refusal,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    logprobs: null,
    finish_reason: choice.finish,
  };
}
