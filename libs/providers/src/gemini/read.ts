import type { AnswerEvent, AnswerPart, FinishReason } from '@writ/domain';
import { AnswerParts, type AnswerReading, parseAnswer } from '../answer-reader.js';
import { broken } from '../fault.js';
import { itemsOf, member, type Node, numberOf, type ObjectNode, textOf } from '../json/parse.js';
import { errorInside } from './faults.js';
import { readUsage } from './usage.js';

const finishes: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'filtered',
  RECITATION: 'filtered',
  BLOCKLIST: 'filtered',
  PROHIBITED_CONTENT: 'filtered',
  SPII: 'filtered',
  MALFORMED_FUNCTION_CALL: 'error',
};
const words = new Set([
  'role',
  'finishReason',
  'modelVersion',
  'responseId',
  'mimeType',
  'category',
  'probability',
  'severity',
  'blockReason',
  'modality',
  'trafficType',
  'createTime',
]);

/** How many tool calls each candidate has made so far. */
export type CallCounts = Map<number, number>;

/** One JSON of an answer, whole or a chunk: the vendor sends the same shape in both. */
export function readGenerate(source: string, calls: CallCounts): AnswerReading {
  const tree = parseAnswer(source);
  if (tree.kind !== 'object') throw broken('not-an-object');
  const parts = new AnswerParts(source);
  for (const { name, value } of tree.members) {
    if (name === 'candidates') itemsOf(value).forEach((candidate, at) => readCandidate(candidate, at, parts, calls));
    else if (name !== 'error' && name !== 'usageMetadata') walk(value, name, parts);
  }
  const usage = readUsage(member(tree, 'usageMetadata'));
  if (usage) parts.list.push({ kind: 'usage', usage });
  return { source, tree, parts: parts.list };
}

function readCandidate(candidate: Node, position: number, parts: AnswerParts, calls: CallCounts): void {
  if (candidate.kind !== 'object') throw broken('candidate');
  const choice = numberOf(member(candidate, 'index')) ?? position;
  for (const { name, value } of candidate.members) {
    if (name === 'content') readContent(value, choice, parts, calls);
    else if (name !== 'logprobsResult') walk(value, name, parts);
  }
  const reason = textOf(member(candidate, 'finishReason'));
  if (reason === undefined) return;
  const known = finishes[reason] ?? 'other';
  const called = (calls.get(choice) ?? 0) > 0;
  parts.list.push({ kind: 'finish', choice, reason: known === 'stop' && called ? 'tool-calls' : known });
}

function readContent(content: Node, choice: number, parts: AnswerParts, calls: CallCounts): void {
  if (content.kind !== 'object') throw broken('content');
  for (const { name, value } of content.members) {
    if (name === 'parts') for (const part of itemsOf(value)) readPart(part, choice, parts, calls);
    else walk(value, name, parts);
  }
}

function readPart(part: Node, choice: number, parts: AnswerParts, calls: CallCounts): void {
  if (part.kind !== 'object') throw broken('part');
  const thought = member(part, 'thought');
  const kind = thought?.kind === 'boolean' && thought.value ? 'reasoning' : 'text';
  for (const { name, value } of part.members) {
    if (name === 'text') parts.text(kind, choice, value);
    else if (name === 'functionCall') readCall(value, choice, parts, calls);
    else if (name === 'thoughtSignature') parts.opaque(value);
    else if (name !== 'thought') walk(value, name, parts);
  }
}

function readCall(call: Node, choice: number, parts: AnswerParts, calls: CallCounts): void {
  if (call.kind !== 'object') throw broken('function-call');
  const index = calls.get(choice) ?? 0;
  calls.set(choice, index + 1);
  const args = member(call, 'args');
  parts.list.push({
    kind: 'tool-call',
    choice,
    index,
    id: textOf(member(call, 'id')) ?? '',
    name: textOf(member(call, 'name')) ?? '',
    arguments: args ? parts.slice(args) : '{}',
    ...(args ? { at: { start: args.start, end: args.end } } : {}),
    ends: true,
  });
  for (const found of call.members) {
    if (found.name === 'id' || found.name === 'name') parts.word(found.value);
    else if (found.name !== 'args') parts.other(found.value);
  }
}

function walk(node: Node, key: string, parts: AnswerParts): void {
  if (node.kind === 'string') {
    if (words.has(key)) parts.word(node);
    else parts.other(node);
  }
  if (node.kind === 'list') for (const item of node.items) walk(item, key, parts);
  if (node.kind === 'object') for (const found of node.members) walk(found.value, found.name, parts);
}

/** Other dialects tell calls apart by an id that no other turn has; here the vendor may give none. */
function named(part: AnswerPart, answer: string): AnswerPart {
  if (part.kind !== 'tool-call' || part.id !== '') return part;
  return { ...part, id: `call_${answer}_${part.choice}_${part.index}`.replaceAll(/[^\w-]/g, '_') };
}

/** Reads the chunks of an answer in order. The answer ends when every candidate has said why it finished. */
export class GenerateReader {
  readonly #calls: CallCounts = new Map();
  readonly #finished = new Set<number>();
  #started = false;

  constructor(
    private readonly candidates: number,
    private readonly fallbackId: string,
  ) {}

  read(json: string): AnswerEvent {
    const { tree, parts } = readGenerate(json, this.#calls);
    if (member(tree, 'error')) throw errorInside(json);
    const blocked = textOf(member(member(tree, 'promptFeedback'), 'blockReason')) !== undefined;
    const start = this.#start(tree);
    const all: AnswerPart[] = [...(this.#started ? [] : [start]), ...parts.map((part) => named(part, start.id))];
    this.#started = true;
    if (blocked) all.push({ kind: 'finish', choice: 0, reason: 'filtered' });
    for (const part of parts) if (part.kind === 'finish') this.#finished.add(part.choice);
    const terminal = blocked || this.#finished.size >= this.candidates;
    return { parts: all, source: { dialect: 'gemini.generate', json }, terminal };
  }

  #start(tree: ObjectNode): Extract<AnswerPart, { kind: 'start' }> {
    return {
      kind: 'start',
      id: textOf(member(tree, 'responseId')) ?? this.fallbackId,
      model: textOf(member(tree, 'modelVersion')) ?? '',
    };
  }
}
