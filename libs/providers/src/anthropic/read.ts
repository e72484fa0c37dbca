import type { AnswerEvent, AnswerPart, FinishReason, Usage } from '@writ/domain';
import { AnswerParts, type AnswerReading, parseAnswer } from '../answer-reader.js';
import { broken } from '../fault.js';
import { itemsOf, member, type Node, numberOf, type ObjectNode, textOf } from '../json/parse.js';
import { readUsage } from './usage.js';

const finishes: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
};

/** What each block of the answer is. Blocks and tool calls are numbered apart. */
export class Blocks {
  readonly #flows = new Map<number, Flow>();
  #tools = 0;

  open(block: number, type: string | undefined): number {
    const index = this.#tools;
    if (type === 'tool_use') this.#tools += 1;
    this.#flows.set(block, { type, index });
    return index;
  }

  toolOf(block: number): number {
    return this.#flows.get(block)?.index ?? 0;
  }

  /** The end of a block ends its flow of text, so that what was held back leaves before the block closes. */
  end(block: number): AnswerPart | undefined {
    const flow = this.#flows.get(block);
    switch (flow?.type) {
      case 'text':
        return { kind: 'text', choice: 0, text: '', ends: true };
      case 'thinking':
        return { kind: 'reasoning', choice: 0, text: '', ends: true };
      case 'tool_use':
        return { kind: 'tool-call', choice: 0, index: flow.index, arguments: '', ends: true };
      default:
        return undefined;
    }
  }
}

interface Flow {
  readonly type: string | undefined;
  readonly index: number;
}

/** One JSON of an answer: a whole message, or one event of a stream. */
export function readMessages(source: string, blocks: Blocks): AnswerReading {
  const tree = parseAnswer(source);
  if (tree.kind !== 'object') throw broken('not-an-object');
  const parts = new AnswerParts(source);
  const type = textOf(member(tree, 'type'));
  if (type === 'message') readMessage(tree, parts, blocks);
  else readEvent(tree, type, parts, blocks);
  return { source, tree, parts: parts.list };
}

function readMessage(message: ObjectNode, parts: AnswerParts, blocks: Blocks): void {
  for (const { name, value } of message.members) {
    if (name === 'content') itemsOf(value).forEach((block, index) => readBlock(block, index, parts, blocks));
    else if (name === 'usage' || name === 'stop_sequence') continue;
    else if (value.kind === 'string') parts.word(value);
    else parts.other(value);
  }
  const sequence = member(message, 'stop_sequence');
  if (sequence) parts.other(sequence);
}

function readEvent(tree: ObjectNode, type: string | undefined, parts: AnswerParts, blocks: Blocks): void {
  const index = numberOf(member(tree, 'index')) ?? 0;
  for (const { name, value } of tree.members) {
    if (name === 'message' && value.kind === 'object') readMessage(value, parts, blocks);
    else if (name === 'content_block') readBlock(value, index, parts, blocks);
    else if (name === 'delta' && type === 'content_block_delta') readDelta(value, index, parts, blocks);
    else if (name === 'delta') readMessageDelta(value, parts);
    else if (name === 'type') parts.word(value);
    else if (name !== 'usage' && name !== 'error') parts.other(value);
  }
  const end = type === 'content_block_stop' ? blocks.end(index) : undefined;
  if (end) parts.list.push(end);
}

function readBlock(block: Node, position: number, parts: AnswerParts, blocks: Blocks): void {
  if (block.kind !== 'object') throw broken('block');
  const type = textOf(member(block, 'type'));
  const tool = blocks.open(position, type);
  if (type === 'tool_use') return readToolUse(block, tool, parts);
  for (const { name, value } of block.members) {
    if (name === 'text' && type === 'text') parts.text('text', 0, value);
    else if (name === 'thinking' && type === 'thinking') parts.text('reasoning', 0, value);
    else if (name === 'signature' || (name === 'data' && type === 'redacted_thinking')) parts.opaque(value);
    else if (name === 'type' || name === 'id') parts.word(value);
    else parts.other(value);
  }
  return undefined;
}

function readToolUse(block: ObjectNode, index: number, parts: AnswerParts): void {
  const id = textOf(member(block, 'id')) ?? '';
  const name = textOf(member(block, 'name')) ?? '';
  const input = member(block, 'input');
  const isEmpty = input?.kind !== 'object' || input.members.length === 0;
  parts.list.push({
    kind: 'tool-call',
    choice: 0,
    index,
    id,
    name,
    arguments: isEmpty ? '' : parts.slice(input),
    ...(isEmpty ? {} : { at: { start: input.start, end: input.end } }),
  });
  for (const found of block.members) {
    if (found.name === 'id' || found.name === 'name' || found.name === 'type') parts.word(found.value);
    else if (found.name !== 'input') parts.other(found.value);
  }
}

function readDelta(delta: Node, block: number, parts: AnswerParts, blocks: Blocks): void {
  if (delta.kind !== 'object') throw broken('delta');
  for (const { name, value } of delta.members) {
    if (name === 'text') parts.text('text', 0, value);
    else if (name === 'thinking') parts.text('reasoning', 0, value);
    else if (name === 'signature') parts.opaque(value);
    else if (name === 'type') parts.word(value);
    else if (name === 'partial_json' && value.kind === 'string') {
      const at = { start: value.start, end: value.end };
      parts.list.push({ kind: 'tool-call', choice: 0, index: blocks.toolOf(block), arguments: value.text, at });
    } else parts.other(value);
  }
}

function readMessageDelta(delta: Node, parts: AnswerParts): void {
  if (delta.kind !== 'object') throw broken('delta');
  for (const { name, value } of delta.members) if (name !== 'stop_reason') parts.other(value);
}

export function startOf(message: Node | undefined): AnswerPart {
  return { kind: 'start', id: textOf(member(message, 'id')) ?? '', model: textOf(member(message, 'model')) ?? '' };
}

export function finishOf(node: Node | undefined): readonly AnswerPart[] {
  const reason = textOf(member(node, 'stop_reason'));
  return reason === undefined ? [] : [{ kind: 'finish', choice: 0, reason: finishes[reason] ?? 'other' }];
}

/** Reads the events of a stream in order; it remembers what the first one counted. */
export class MessagesStream {
  readonly #blocks = new Blocks();
  #usage: Usage | undefined;
  #started = false;

  read(data: string): AnswerEvent {
    const reading = readMessages(data, this.#blocks);
    const type = textOf(member(reading.tree, 'type')) ?? '';
    if (!/^[a-z_]{1,64}$/.test(type)) throw broken('event-type');
    if (!this.#started && type !== 'message_start' && type !== 'ping') throw broken('no-message-start');
    this.#started ||= type === 'message_start';
    const message = member(reading.tree, 'message');
    const counted = readUsage(member(message ?? reading.tree, 'usage'), this.#usage);
    if (counted) this.#usage = counted;
    const parts: AnswerPart[] = [
      ...(type === 'message_start' ? [startOf(message)] : []),
      ...reading.parts,
      ...(type === 'message_delta' ? finishOf(member(reading.tree, 'delta')) : []),
      ...(counted ? [{ kind: 'usage', usage: counted } as const] : []),
    ];
    const source = { dialect: 'anthropic.messages', event: type, json: data } as const;
    return { parts, source, terminal: type === 'message_stop' };
  }
}
