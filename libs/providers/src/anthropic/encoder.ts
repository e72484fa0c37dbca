import type { AnswerEvent, AnswerPart, Ask, FinishReason, Refusal, Usage } from '@writ/domain';
import { contentTypeOf, type Encoder, frame, isBareEnd, isSaid, nothing, type Said } from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { splice } from '../json/splice.js';
import { anthropicErrorBody } from './refusal.js';
import { readMessages, Blocks } from './read.js';
import { writeUsage } from './usage.js';
import { readJson } from '../json/value.js';

const finishes: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  filtered: 'refusal',
  refusal: 'refusal',
  error: 'end_turn',
  other: 'end_turn',
};
const ping: Uint8Array = Buffer.from(frame('{"type": "ping"}', 'ping'));
const noUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: true,
};

export function messagesEncoder(ask: Ask, answeredModel: string): Encoder {
  const writer = new MessageWriter(`msg_${ask.request}`, answeredModel);
  return {
    contentType: contentTypeOf(ask.stream),
    keepAlive: ask.stream ? ping : nothing,
    encode(event) {
      const text = ask.stream ? encodeEvent(event, writer) : encodeWhole(event, writer);
      return text === '' ? nothing : Buffer.from(text);
    },
    failure: (refusal: Refusal, request: string) =>
      ask.stream ? Buffer.from(frame(JSON.stringify(anthropicErrorBody(refusal, request)), 'error')) : nothing,
  };
}

function encodeWhole(event: AnswerEvent, writer: MessageWriter): string {
  if (event.source?.dialect !== 'anthropic.messages') return writer.whole(event.parts);
  const reading = readMessages(event.source.json, new Blocks());
  return splice(event.source.json, respell(reading, event.parts).edits);
}

function encodeEvent(event: AnswerEvent, writer: MessageWriter): string {
  const { source } = event;
  if (source?.dialect !== 'anthropic.messages') return writer.events(event);
  const reading = readMessages(source.json, new Blocks());
  const { edits, homeless } = respell(reading, event.parts);
  const json = splice(source.json, edits);
  const late = writer.late(homeless);
  writer.follow(json);
  return late + frame(json, source.event);
}

/** Writes a message from canonical parts: blocks open and close as the kind of part changes. */
class MessageWriter {
  #started = false;
  #open: { readonly index: number; readonly key: string } | undefined;
  #next = 0;
  #usage: Usage = noUsage;
  #finish: FinishReason = 'stop';

  constructor(
    private id: string,
    private model: string,
  ) {}

  /** The vendor's own events pass: remember which block is open, should words arrive that lost their place. */
  follow(json: string): void {
    const passing = readJson(json) as { type?: string; index?: number; content_block?: { type?: string } };
    if (passing.type === 'message_start') this.#started = true;
    if (passing.type === 'content_block_start') {
      const index = passing.index ?? 0;
      this.#open = { index, key: keyOfBlock(passing.content_block?.type ?? '', index) };
      this.#next = index + 1;
    }
    if (passing.type === 'content_block_stop') this.#open = undefined;
  }

  /** Words without a place of their own go into the open block if it is of their kind, else into one of their own. */
  late(parts: readonly AnswerPart[]): string {
    return parts
      .filter(isSaid)
      .map((part) => {
        const key = keyOfPart(part);
        if (this.#open && (this.#open.key === key || part.kind === 'tool-call'))
          return this.#delta(part, this.#open.index);
        if (part.kind === 'tool-call') return '';
        const index = this.#next++;
        return `${this.#start(part, index)}${this.#delta(part, index)}${stopEvent(index)}`;
      })
      .join('');
  }

  events(event: AnswerEvent): string {
    const written = event.parts.map((part) => this.#one(part)).join('');
    return event.terminal ? written + this.#end() : written;
  }

  #one(part: AnswerPart): string {
    switch (part.kind) {
      case 'start':
        this.id = part.id || this.id;
        return this.#begin();
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        if (part.choice === 0) this.#finish = part.reason;
        return '';
      case 'embedding':
        return '';
      default:
        return part.choice === 0 && !isBareEnd(part) ? this.#said(part) : '';
    }
  }

  #said(part: Said): string {
    const key = keyOfPart(part);
    let written = this.#begin();
    if (this.#open?.key !== key) {
      written += this.#close();
      this.#open = { index: this.#next++, key };
      written += this.#start(part, this.#open.index);
    }
    const empty = part.kind === 'tool-call' ? part.arguments === '' : part.text === '';
    return empty ? written : written + this.#delta(part, this.#open.index);
  }

  #begin(): string {
    if (this.#started) return '';
    this.#started = true;
    const message = { ...this.#message([], null), usage: writeUsage(this.#usage) };
    return say('message_start', { message });
  }

  #message(content: readonly object[], reason: string | null): object {
    const { id, model } = this;
    return { id, type: 'message', role: 'assistant', model, content, stop_reason: reason, stop_sequence: null };
  }

  #start(part: Said, index: number): string {
    return say('content_block_start', { index, content_block: emptyBlock(part) });
  }

  #delta(part: Said, index: number): string {
    return say('content_block_delta', { index, delta: deltaOf(part) });
  }

  #close(): string {
    const open = this.#open;
    this.#open = undefined;
    return open ? stopEvent(open.index) : '';
  }

  #end(): string {
    const delta = { stop_reason: finishes[this.#finish], stop_sequence: null };
    const last = say('message_delta', { delta, usage: writeUsage(this.#usage) });
    return this.#begin() + this.#close() + last + say('message_stop', {});
  }

  whole(parts: readonly AnswerPart[]): string {
    const blocks = new Map<string, { readonly part: Said; words: string }>();
    for (const part of parts) {
      if (part.kind === 'start') this.id = part.id || this.id;
      if (part.kind === 'usage') this.#usage = part.usage;
      if (part.kind === 'finish' && part.choice === 0) this.#finish = part.reason;
      if (!isSaid(part) || part.choice !== 0 || isBareEnd(part)) continue;
      const block = blocks.get(keyOfPart(part)) ?? { part, words: '' };
      block.words += part.kind === 'tool-call' ? part.arguments : part.text;
      blocks.set(keyOfPart(part), block);
    }
    const content = [...blocks.values()].map(({ part, words }) => wholeBlock(part, words));
    return JSON.stringify({ ...this.#message(content, finishes[this.#finish]), usage: writeUsage(this.#usage) });
  }
}

function say(type: string, more: object): string {
  return frame(JSON.stringify({ type, ...more }), type);
}

function stopEvent(index: number): string {
  return say('content_block_stop', { index });
}

function keyOfPart(part: Said): string {
  if (part.kind === 'tool-call') return `tool-${part.index}`;
  return part.kind === 'reasoning' ? 'thinking' : 'text';
}

function keyOfBlock(type: string, index: number): string {
  return type === 'text' || type === 'thinking' ? type : `${type}-${index}`;
}

function emptyBlock(part: Said): object {
  if (part.kind === 'tool-call') return { type: 'tool_use', id: part.id ?? '', name: part.name ?? '', input: {} };
  return part.kind === 'reasoning' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'text', text: '' };
}

function deltaOf(part: Said): object {
  if (part.kind === 'tool-call') return { type: 'input_json_delta', partial_json: part.arguments };
  return part.kind === 'reasoning'
    ? { type: 'thinking_delta', thinking: part.text }
    : { type: 'text_delta', text: part.text };
}

function wholeBlock(part: Said, words: string): object {
  if (part.kind !== 'tool-call') {
    return part.kind === 'reasoning'
      ? { type: 'thinking', thinking: words, signature: '' }
      : { type: 'text', text: words, citations: null };
  }
  return { type: 'tool_use', id: part.id ?? '', name: part.name ?? '', input: inputOf(words) };
}

/** A provider may stop in the middle of the arguments; what is no JSON is shown as the text it is. */
function inputOf(words: string): unknown {
  return readJson(words === '' ? '{}' : words) ?? { arguments: words };
}
