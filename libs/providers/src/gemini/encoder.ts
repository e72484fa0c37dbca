import { type AnswerEvent, type AnswerPart, type Ask, type FinishReason, type Refusal, type Usage } from '@writ/domain';
import { contentTypeOf, type Encoder, frame, isSaid, keepAliveComment, nothing } from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { itemsOf, member } from '../json/parse.js';
import { type Edit, splice } from '../json/splice.js';
import { type CallCounts, readGenerate } from './read.js';
import { geminiErrorBody } from './refusal.js';
import { writeUsage } from './usage.js';
import { readJson } from '../json/value.js';

const finishes: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'tool-calls': 'STOP',
  filtered: 'SAFETY',
  refusal: 'SAFETY',
  error: 'OTHER',
  other: 'OTHER',
};

export function generateEncoder(ask: Ask, answeredModel: string): Encoder {
  const writer = new GenerateWriter(ask.request, answeredModel);
  const calls: CallCounts = new Map();
  return {
    contentType: contentTypeOf(ask.stream),
    keepAlive: ask.stream ? keepAliveComment : nothing,
    encode(event) {
      if (event.source?.dialect !== 'gemini.generate') return bytes(writer.write(event, ask.stream), ask.stream);
      writer.learn(event.parts);
      const reading = readGenerate(event.source.json, calls);
      const { edits, changed, homeless } = respell(reading, event.parts);
      const late = ask.stream ? homeless.filter((part) => isSaid(part) && part.kind !== 'tool-call') : [];
      const before = late.length > 0 ? bytes(writer.say(late), true) : nothing;
      const json = splice(event.source.json, changed ? [...edits, ...logprobs(reading.tree)] : edits);
      return Buffer.concat([before, bytes(json, ask.stream)]);
    },
    failure: (refusal: Refusal, request: string) =>
      ask.stream ? bytes(JSON.stringify(geminiErrorBody(refusal, request)), true) : nothing,
  };
}

function bytes(json: string, stream: boolean): Uint8Array {
  if (json === '') return nothing;
  return Buffer.from(stream ? frame(json) : json);
}

/** Token probabilities repeat the words, so they go with them. */
function logprobs(tree: Parameters<typeof member>[0]): readonly Edit[] {
  return itemsOf(member(tree, 'candidates')).flatMap((candidate) => {
    const found = member(candidate, 'logprobsResult');
    return found ? [{ start: found.start, end: found.end, text: '{}' }] : [];
  });
}

/** Writes chunks from canonical parts. A function call leaves whole, because this dialect has no fragments of one. */
class GenerateWriter {
  readonly #calls = new Map<string, { name: string; args: string; choice: number }>();
  #usage: Usage | undefined;

  constructor(
    private id: string,
    private model: string,
  ) {}

  /** The vendor's own chunks pass: words that lost their place go out under the same name. */
  learn(parts: readonly AnswerPart[]): void {
    for (const part of parts) {
      if (part.kind !== 'start') continue;
      this.id = part.id === '' ? this.id : part.id;
      this.model = part.model === '' ? this.model : part.model;
    }
  }

  write(event: AnswerEvent, stream: boolean): string {
    const said: AnswerPart[] = [];
    const ended = new Map<number, FinishReason>();
    for (const part of event.parts) {
      if (part.kind === 'start' && part.id !== '') this.id = part.id;
      if (part.kind === 'usage') this.#usage = part.usage;
      if (part.kind === 'finish') ended.set(part.choice, part.reason);
      if (part.kind === 'tool-call') this.#gather(part);
      else if (isSaid(part)) said.push(part);
    }
    if (!event.terminal && ended.size === 0) return this.say(said);
    const whole = this.#chunk(said, ended, event.terminal);
    return stream && said.length === 0 && ended.size === 0 && !this.#usage ? '' : whole;
  }

  say(parts: readonly AnswerPart[]): string {
    return parts.some((part) => isSaid(part) && 'text' in part && part.text !== '' && part.choice >= 0)
      ? this.#chunk(parts, new Map(), false)
      : '';
  }

  #gather(part: Extract<AnswerPart, { kind: 'tool-call' }>): void {
    const key = `${part.choice}/${part.index}`;
    const call = this.#calls.get(key) ?? { name: '', args: '', choice: part.choice };
    const name = part.name ?? call.name;
    this.#calls.set(key, { name, args: call.args + part.arguments, choice: part.choice });
  }

  #chunk(said: readonly AnswerPart[], ended: ReadonlyMap<number, FinishReason>, counted: boolean): string {
    const candidates = new Map<number, object[]>();
    const add = (choice: number, part: object): void => {
      candidates.set(choice, [...(candidates.get(choice) ?? []), part]);
    };
    for (const part of said) {
      if (!('text' in part) || part.choice < 0 || part.text === '') continue;
      add(part.choice, { text: part.text, ...(part.kind === 'reasoning' ? { thought: true } : {}) });
    }
    for (const choice of ended.keys()) {
      if (!candidates.has(choice)) candidates.set(choice, []);
      for (const [key, call] of this.#calls) {
        if (call.choice !== choice) continue;
        add(choice, { functionCall: { name: call.name, args: argumentsOf(call.args) } });
        this.#calls.delete(key);
      }
    }
    const list = [...candidates].map(([index, parts]) => {
      const reason = ended.get(index);
      return { content: { role: 'model', parts }, ...(reason ? { finishReason: finishes[reason] } : {}), index };
    });
    const usage = counted && this.#usage ? { usageMetadata: writeUsage(this.#usage) } : {};
    return JSON.stringify({ candidates: list, ...usage, modelVersion: this.model, responseId: this.id });
  }
}

/** A provider may stop in the middle of the arguments; what is no JSON is shown as the text it is. */
function argumentsOf(text: string): unknown {
  return readJson(text === '' ? '{}' : text) ?? { arguments: text };
}
