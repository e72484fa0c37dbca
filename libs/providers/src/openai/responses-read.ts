import type { AnswerEvent, AnswerPart, FinishReason } from '@writ/domain';
import { AnswerParts, type AnswerReading, parseAnswer } from '../answer-reader.js';
import { readEvents, readText } from '../body.js';
import { readEach } from '../read-each.js';
import { broken } from '../fault.js';
import { itemsOf, member, type Node, numberOf, type ObjectNode, textOf } from '../json/parse.js';
import type { Arrived } from '../transport.js';
import { errorInside } from './faults.js';
import { readUsage } from './usage.js';
import { valueOf } from '../json/value.js';

/** Members whose strings are words of the protocol, wherever they stand. Everything else is read as text. */
const words = new Set(
  (
    'id object model status type role call_id item_id name tool_choice truncation service_tier effort phase verbosity ' +
    'prompt_cache_retention response_id code reason'
  ).split(' '),
);
const sealed = new Set(['encrypted_content', 'obfuscation']);

const deltas: Readonly<Record<string, 'text' | 'reasoning' | 'refusal'>> = {
  'response.output_text': 'text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'reasoning',
  'response.reasoning_summary_text': 'reasoning',
};
const callArguments = 'response.function_call_arguments';

/** Which output item is which tool call. */
export type Calls = Map<number, number>;

/** One JSON of an answer: a whole response, or one event of a stream. Deltas are what was said; repetitions are asides. */
export function readResponses(source: string, calls: Calls): AnswerReading {
  const tree = parseAnswer(source);
  if (tree.kind !== 'object') throw broken('not-an-object');
  const parts = new AnswerParts(source);
  if (textOf(member(tree, 'object')) === 'response') readWhole(tree, parts);
  else readEvent(tree, textOf(member(tree, 'type')) ?? '', parts, calls);
  return { source, tree, parts: parts.list };
}

function readWhole(response: ObjectNode, parts: AnswerParts): void {
  let call = 0;
  for (const { name, value } of response.members) {
    if (name !== 'output') {
      walk(value, name, parts);
      continue;
    }
    for (const item of itemsOf(value)) {
      const index = textOf(member(item, 'type')) === 'function_call' ? call++ : 0;
      readItem(item, index, parts);
    }
  }
}

function readItem(item: Node, index: number, parts: AnswerParts): void {
  if (item.kind !== 'object') throw broken('output-item');
  const type = textOf(member(item, 'type'));
  for (const { name, value } of item.members) {
    if (type === 'function_call' && name === 'arguments') parts.call(callOf(item, index), value);
    else if (type === 'message' && name === 'content') for (const part of itemsOf(value)) readPart(part, parts);
    else if (type === 'reasoning' && (name === 'summary' || name === 'content'))
      for (const part of itemsOf(value)) parts.text('reasoning', 0, member(part, 'text'));
    else walk(value, name, parts);
  }
}

function readPart(part: Node, parts: AnswerParts): void {
  if (part.kind !== 'object') throw broken('content-part');
  for (const { name, value } of part.members) {
    if (name === 'text') parts.text('text', 0, value);
    else if (name === 'refusal') parts.text('refusal', 0, value);
    else if (name !== 'logprobs') walk(value, name, parts);
  }
}

function callOf(item: Node, index: number): { choice: number; index: number; id: string; name: string } {
  const id = textOf(member(item, 'call_id')) ?? '';
  return { choice: 0, index, id, name: textOf(member(item, 'name')) ?? '' };
}

function readEvent(tree: ObjectNode, type: string, parts: AnswerParts, calls: Calls): void {
  const at = numberOf(member(tree, 'output_index')) ?? 0;
  const base = type.replace(/\.(?:delta|done)$/, '');
  const kind = deltas[base];
  const item = member(tree, 'item');
  const opensCall = type === 'response.output_item.added' && textOf(member(item, 'type')) === 'function_call';
  if (opensCall) calls.set(at, calls.size);
  const index = calls.get(at) ?? 0;
  if (type === `${callArguments}.done`)
    parts.list.push({ kind: 'tool-call', choice: 0, index, arguments: '', ends: true });
  if (kind && type.endsWith('.done')) parts.list.push({ kind, choice: 0, text: '', ends: true });
  for (const { name, value } of tree.members) {
    if (name === 'delta' && kind) parts.text(kind, 0, value);
    else if (name === 'delta' && base === callArguments) parts.call({ choice: 0, index }, value);
    else if (name === 'item' && opensCall) readItem(value, index, parts);
    else if (name !== 'logprobs') walk(value, name, parts);
  }
}

function walk(node: Node, key: string, parts: AnswerParts): void {
  if (node.kind === 'string') {
    if (words.has(key)) parts.word(node);
    else if (sealed.has(key)) parts.opaque(node);
    else parts.other(node);
  }
  if (node.kind === 'list') for (const item of node.items) walk(item, key, parts);
  if (node.kind === 'object')
    for (const found of node.members) if (found.name !== 'logprobs') walk(found.value, found.name, parts);
}

/** Identity, end and count of a response object. */
function aboutResponse(response: Node | undefined, isEnd: boolean): { start: AnswerPart; end: readonly AnswerPart[] } {
  const created = numberOf(member(response, 'created_at'));
  const usage = readUsage(member(response, 'usage'));
  return {
    start: {
      kind: 'start',
      id: textOf(member(response, 'id')) ?? '',
      model: textOf(member(response, 'model')) ?? '',
      ...(created === undefined ? {} : { createdSeconds: created }),
    },
    end: [
      ...(isEnd ? [{ kind: 'finish', choice: 0, reason: reasonOf(response) } as const] : []),
      ...(usage ? [{ kind: 'usage', usage } as const] : []),
    ],
  };
}

function reasonOf(response: Node | undefined): FinishReason {
  const why = textOf(member(member(response, 'incomplete_details'), 'reason'));
  if (why === 'max_output_tokens') return 'length';
  if (why === 'content_filter') return 'filtered';
  if (why !== undefined) return 'other';
  const output = itemsOf(member(response, 'output'));
  return output.some((item) => textOf(member(item, 'type')) === 'function_call') ? 'tool-calls' : 'stop';
}

export async function readResponsesWhole(arrived: Arrived): Promise<AnswerEvent> {
  const json = await readText(arrived.chunks);
  const { tree, parts } = readResponses(json, new Map());
  const failed = member(tree, 'error');
  if (failed && failed.kind !== 'null') throw errorInside(json);
  if (!member(tree, 'output')) throw broken('no-output');
  const { start, end } = aboutResponse(tree, true);
  return { parts: [start, ...parts, ...end], source: { dialect: 'openai.responses', json }, terminal: true };
}

const lastEvents = new Set(['response.completed', 'response.incomplete']);

export function readResponsesStream(arrived: Arrived): AsyncIterable<AnswerEvent> {
  const calls: Calls = new Map();
  return readEach(readEvents(arrived.chunks), (message) => {
    if (!message) throw broken('cut');
    const { data } = message;
    const { tree, parts } = readResponses(data, calls);
    const type = textOf(member(tree, 'type')) ?? '';
    if (!/^[a-z_.]{1,80}$/.test(type)) throw broken('event-type');
    if (type === 'error') throw errorInside(data.includes('"error"') ? data : `{"error":${data}}`);
    const response = member(tree, 'response');
    if (type === 'response.failed')
      throw errorInside(JSON.stringify({ error: valueOf(member(response, 'error') ?? tree) }));
    const terminal = lastEvents.has(type);
    const about = response ? aboutResponse(response, terminal) : undefined;
    return {
      parts: [...(about && type === 'response.created' ? [about.start] : []), ...parts, ...(about?.end ?? [])],
      source: { dialect: 'openai.responses', event: type, json: data },
      terminal,
    };
  });
}
