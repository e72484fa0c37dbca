import type { AnswerEvent, AnswerPart, Ask, Refusal } from '@writ/domain';
import {
  contentTypeOf,
  type Encoder,
  frame,
  isSaid,
  keepAliveComment,
  nothing,
  type Said,
  wordsOf,
} from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { type Node, type ObjectNode } from '../json/parse.js';
import { type Edit, splice } from '../json/splice.js';
import { openAiErrorBody } from './refusal.js';
import { type Calls, readResponses } from './responses-read.js';
import { ResponseWriter } from './responses-writer.js';
import { readJson } from '../json/value.js';

export function responsesEncoder(ask: Ask, answeredModel: string): Encoder {
  const writer = new ResponseWriter(ask, answeredModel);
  const vendor = new VendorEvents();
  return {
    contentType: contentTypeOf(ask.stream),
    keepAlive: ask.stream ? keepAliveComment : nothing,
    encode(event) {
      const text = textOf(event);
      return text === '' ? nothing : Buffer.from(text);
    },
    failure(refusal: Refusal, request: string) {
      if (!ask.stream) return nothing;
      const { error } = openAiErrorBody(refusal, request) as { error: object };
      return Buffer.from(frame(JSON.stringify({ ...error, type: 'error' }), 'error'));
    },
  };

  function textOf(event: AnswerEvent): string {
    if (event.source?.dialect === 'openai.responses') return vendor.respelled(event, event.source, ask.stream);
    if (vendor.hasPassed) return vendor.late(event.parts);
    return ask.stream ? writer.events(event) : writer.whole(event.parts);
  }
}

/** The vendor's own events on their way through, and where each flow of words last stood. */
class VendorEvents {
  readonly #calls: Calls = new Map();
  readonly #places = new Map<string, { readonly type: string; readonly place: object }>();
  hasPassed = false;

  respelled(event: AnswerEvent, source: NonNullable<AnswerEvent['source']>, stream: boolean): string {
    this.hasPassed = true;
    const reading = readResponses(source.json, this.#calls);
    const { edits, changed, homeless } = respell(reading, event.parts);
    const json = splice(source.json, changed ? [...edits, ...logprobs(reading.tree)] : edits);
    if (!stream) return json;
    this.#remember(json);
    return this.late(homeless) + frame(json, source.event);
  }

  /** Words that were held back leave as one more delta of the item that they belong to. */
  late(parts: readonly AnswerPart[]): string {
    return parts
      .filter(isSaid)
      .map((part) => {
        const at = this.#places.get(flowOf(part));
        if (!at || wordsOf(part) === '') return '';
        const logs = at.type === 'response.output_text.delta' ? { logprobs: [] } : {};
        return frame(JSON.stringify({ type: at.type, ...at.place, delta: wordsOf(part), ...logs }), at.type);
      })
      .join('');
  }

  #remember(json: string): void {
    const about = readJson(json) as Readonly<Record<string, unknown>>;
    const [, base = '', phase] =
      /^(.+)\.(delta|done)$/.exec(typeof about['type'] === 'string' ? about['type'] : '') ?? [];
    const kind = phase === undefined ? undefined : flows[base];
    if (kind === undefined) return;
    const { item_id, output_index, content_index, summary_index, sequence_number } = about;
    const flow = kind === 'tool-call' ? `tool-${this.#calls.get(Number(output_index)) ?? 0}` : kind;
    const place = { sequence_number, item_id, output_index, content_index, summary_index };
    this.#places.set(flow, { type: `${base}.delta`, place });
  }
}

const flows: Readonly<Record<string, Said['kind']>> = {
  'response.output_text': 'text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'reasoning',
  'response.reasoning_summary_text': 'reasoning',
  'response.function_call_arguments': 'tool-call',
};

function flowOf(part: Said): string {
  return part.kind === 'tool-call' ? `tool-${part.index}` : part.kind;
}

/** Token probabilities repeat the words, so they go with them. */
function logprobs(node: Node | ObjectNode): readonly Edit[] {
  if (node.kind === 'list') return node.items.flatMap(logprobs);
  if (node.kind !== 'object') return [];
  return node.members.flatMap(({ name, value }) =>
    name === 'logprobs' ? [{ start: value.start, end: value.end, text: '[]' }] : logprobs(value),
  );
}
