import type { AnswerEvent, AnswerPart, FinishReason } from '@writ/domain';
import { AnswerParts, type AnswerReading, parseAnswer } from '../answer-reader.js';
import { broken } from '../fault.js';
import { itemsOf, member, type Node, numberOf, type ObjectNode, textOf } from '../json/parse.js';
import { dropMember, splice } from '../json/splice.js';
import { readUsage } from './usage.js';

const finishes: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'filtered',
  error: 'error',
};

/** A vendor's JSON that remembers how it was read, so that whoever writes it for the caller need not read it again. */
class ReadSource {
  readonly #reading: ChatReading;

  constructor(
    readonly dialect: ChatDialect,
    readonly json: string,
    reading: ChatReading,
  ) {
    this.#reading = reading;
  }

  static readingOf(source: object): ChatReading | undefined {
    return #reading in source ? source.#reading : undefined;
  }
}

export function sourceOf(reading: ChatReading, dialect: ChatDialect): NonNullable<AnswerEvent['source']> {
  return new ReadSource(dialect, reading.source, reading);
}

/** How this source was read; one that came another way is read now. */
export function readingOf(source: NonNullable<AnswerEvent['source']>): ChatReading {
  return ReadSource.readingOf(source) ?? readChat(source.json);
}

/** The older route answers in the same envelope. */
export type ChatDialect = 'openai.chat' | 'openai.completions';

export interface ChatReading extends AnswerReading {
  readonly error: boolean;
}

/** One JSON of a chat answer, whole or a chunk: every string in it is a part or a word of the protocol. */
export function readChat(source: string): ChatReading {
  const tree = parseAnswer(source);
  if (tree.kind !== 'object') throw broken('not-an-object');
  const error = member(tree, 'error');
  const parts = new AnswerParts(source);
  for (const { name, value } of tree.members) {
    if (name === 'choices') itemsOf(value).forEach((choice, index) => readChoice(choice, index, parts));
    else if (topWords.has(name)) parts.word(value);
    else if (name !== 'error') parts.other(value);
  }
  const usage = readUsage(member(tree, 'usage'));
  if (usage) parts.list.push({ kind: 'usage', usage });
  return { source, tree, parts: parts.list, error: error !== undefined && error.kind !== 'null' };
}

const topWords = new Set([
  'id',
  'object',
  'model',
  'created',
  'service_tier',
  'system_fingerprint',
  'obfuscation',
  'usage',
]);

function readChoice(choice: Node, position: number, parts: AnswerParts): void {
  if (choice.kind !== 'object') throw broken('choice');
  const index = numberOf(member(choice, 'index')) ?? position;
  for (const { name, value } of choice.members) {
    if (name === 'message' || name === 'delta') readMessage(value, index, parts);
    else if (name === 'text') parts.text('text', index, value);
    else if (name !== 'logprobs' && name !== 'finish_reason' && name !== 'index') parts.other(value);
  }
  const reason = textOf(member(choice, 'finish_reason'));
  if (reason !== undefined) parts.list.push({ kind: 'finish', choice: index, reason: finishes[reason] ?? 'other' });
}

function readMessage(message: Node, choice: number, parts: AnswerParts): void {
  if (message.kind !== 'object') return;
  for (const { name, value } of message.members) {
    switch (name) {
      case 'role':
        parts.word(value);
        break;
      case 'content':
        if (value.kind === 'string') parts.text('text', choice, value);
        else parts.other(value);
        break;
      case 'refusal':
        parts.text('refusal', choice, value);
        break;
      case 'reasoning_content':
      case 'reasoning':
        parts.text('reasoning', choice, value);
        break;
      case 'tool_calls':
        itemsOf(value).forEach((call, index) => readToolCall(call, index, choice, parts));
        break;
      case 'function_call':
        readFunction(value, { choice, index: 0 }, parts);
        break;
      default:
        parts.other(value);
    }
  }
}

function readToolCall(call: Node, position: number, choice: number, parts: AnswerParts): void {
  if (call.kind !== 'object') throw broken('tool-call');
  const index = numberOf(member(call, 'index')) ?? position;
  const id = textOf(member(call, 'id'));
  for (const { name, value } of call.members) {
    if (name === 'function' || name === 'custom') readFunction(value, { choice, index, ...(id ? { id } : {}) }, parts);
    else if (name === 'id' || name === 'type' || name === 'index') parts.word(value);
    else parts.other(value);
  }
}

function readFunction(
  node: Node,
  call: { readonly choice: number; readonly index: number; readonly id?: string },
  parts: AnswerParts,
): void {
  if (node.kind !== 'object') return;
  const name = textOf(member(node, 'name'));
  const argument = member(node, 'arguments') ?? member(node, 'input');
  const at = argument?.kind === 'string' ? { at: { start: argument.start, end: argument.end } } : {};
  parts.list.push({ kind: 'tool-call', ...call, ...(name ? { name } : {}), arguments: textOf(argument) ?? '', ...at });
  for (const found of node.members) {
    if (found.name === 'name') parts.word(found.value);
    else if (found.name !== 'arguments' && found.name !== 'input') parts.other(found.value);
  }
}

/** The answer's identity; the first event of an answer carries it. */
export function startOf(tree: ObjectNode): AnswerPart {
  const created = numberOf(member(tree, 'created'));
  return {
    kind: 'start',
    id: textOf(member(tree, 'id')) ?? '',
    model: textOf(member(tree, 'model')) ?? '',
    ...(created === undefined ? {} : { createdSeconds: created }),
  };
}

/**
 * A chunk as the caller gets it. Where we asked for usage and the caller did not, the field is taken out again, and a
 * chunk that only brought usage has no source.
 */
export function chunkEvent(
  reading: ChatReading,
  first: boolean,
  keepUsage: boolean,
  dialect: ChatDialect,
): AnswerEvent {
  const parts = first ? [startOf(reading.tree), ...reading.parts] : reading.parts;
  const drop = keepUsage ? undefined : dropMember(reading.tree, 'usage');
  if (!drop) return event(parts, reading, dialect);
  if (itemsOf(member(reading.tree, 'choices')).length === 0) return { parts, terminal: false };
  const without = readChat(splice(reading.source, [drop]));
  const counted = reading.parts.filter((part) => part.kind === 'usage');
  return event([...(first ? [startOf(reading.tree)] : []), ...without.parts, ...counted], without, dialect);
}

function event(parts: readonly AnswerPart[], reading: ChatReading, dialect: ChatDialect): AnswerEvent {
  return { parts, source: sourceOf(reading, dialect), terminal: false };
}
