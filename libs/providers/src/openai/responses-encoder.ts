import type { AnswerEvent, AnswerPart, Ask, Refusal } from '@writ/domain';
import { contentTypeOf, type Encoder, frame, isSaid, keepAliveComment, nothing } from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { type Node, type ObjectNode } from '../json/parse.js';
import { type Edit, splice } from '../json/splice.js';
import { openAiErrorBody } from './refusal.js';
import { type Calls, readResponses } from './responses-read.js';
import { ResponseWriter } from './responses-writer.js';
import { readJson } from '../json/value.js';

export function responsesEncoder(ask: Ask, answeredModel: string): Encoder {
  const writer = new ResponseWriter(ask, answeredModel);
  const calls: Calls = new Map();
  return {
    contentType: contentTypeOf(ask.stream),
    keepAlive: ask.stream ? keepAliveComment : nothing,
    encode(event) {
      const text = event.source?.dialect === 'openai.responses' ? native(event, calls, ask.stream) : foreign(event);
      return text === '' ? nothing : Buffer.from(text);
    },
    failure(refusal: Refusal, request: string) {
      if (!ask.stream) return nothing;
      const { error } = openAiErrorBody(refusal, request) as { error: object };
      return Buffer.from(frame(JSON.stringify({ ...error, type: 'error' }), 'error'));
    },
  };

  function foreign(event: AnswerEvent): string {
    return ask.stream ? writer.events(event) : writer.whole(event.parts);
  }
}

function native(event: AnswerEvent, calls: Calls, stream: boolean): string {
  const json = event.source?.json ?? '';
  const reading = readResponses(json, calls);
  const { edits, changed, homeless } = respell(reading, event.parts);
  const all = changed ? [...edits, ...logprobs(reading.tree)] : edits;
  const spliced = splice(json, all);
  return stream ? late(homeless, spliced) + frame(spliced, event.source?.event) : spliced;
}

/** Words that were held back leave as one more delta of the item whose text is done. */
function late(parts: readonly AnswerPart[], json: string): string {
  return parts
    .filter(isSaid)
    .map((part) => {
      const about = readJson(json) as { type?: string };
      const type = about.type?.replace(/\.done$/, '.delta') ?? '';
      if (!about.type?.endsWith('.done')) return '';
      const { item_id, output_index, content_index, summary_index, sequence_number } = about as Record<string, unknown>;
      const delta = part.kind === 'tool-call' ? part.arguments : part.text;
      const place = { item_id, output_index, content_index, summary_index };
      const probabilities = type === 'response.output_text.delta' ? { logprobs: [] } : {};
      return frame(JSON.stringify({ type, sequence_number, ...place, delta, ...probabilities }), type);
    })
    .join('');
}

/** Token probabilities repeat the words, so they go with them. */
function logprobs(node: Node | ObjectNode): readonly Edit[] {
  if (node.kind === 'list') return node.items.flatMap(logprobs);
  if (node.kind !== 'object') return [];
  return node.members.flatMap(({ name, value }) =>
    name === 'logprobs' ? [{ start: value.start, end: value.end, text: '[]' }] : logprobs(value),
  );
}
