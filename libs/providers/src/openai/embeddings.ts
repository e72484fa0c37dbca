import type { AnswerEvent, Ask, Refusal } from '@writ/domain';
import { AnswerParts, type AnswerReading, parseAnswer } from '../answer-reader.js';
import { contentTypeOf, type Encoder, nothing } from '../dialect/encoder.js';
import { respell } from '../dialect/respell.js';
import { broken } from '../fault.js';
import { itemsOf, member, numberOf } from '../json/parse.js';
import { splice } from '../json/splice.js';
import { readUsage } from './usage.js';

/** Vectors are numbers, or base64 of them; every other string is read. */
function readEmbeddings(source: string): AnswerReading {
  const tree = parseAnswer(source);
  if (tree.kind !== 'object') throw broken('not-an-object');
  const parts = new AnswerParts(source);
  for (const { name, value } of tree.members) {
    if (name === 'data') {
      itemsOf(value).forEach((item, position) => {
        if (item.kind !== 'object') throw broken('embedding');
        const vector = member(item, 'embedding');
        const at = vector ? { at: { start: vector.start, end: vector.end } } : {};
        parts.list.push({ kind: 'embedding', index: numberOf(member(item, 'index')) ?? position, ...at });
        for (const found of item.members) {
          if (found.name === 'embedding' && found.value.kind === 'string') parts.opaque(found.value);
          else if (found.value.kind === 'string') parts.word(found.value);
          else parts.other(found.value);
        }
      });
    } else if (value.kind === 'string') parts.word(value);
    else parts.other(value);
  }
  const usage = readUsage(member(tree, 'usage'));
  if (usage) parts.list.push({ kind: 'usage', usage });
  return { source, tree, parts: parts.list };
}

export function embeddingsEvent(json: string): AnswerEvent {
  const { parts, tree } = readEmbeddings(json);
  if (!member(tree, 'data')) throw broken('no-data');
  return { parts, source: { dialect: 'openai.embeddings', json }, terminal: true };
}

export function embeddingsEncoder(_ask: Ask): Encoder {
  return {
    contentType: contentTypeOf(false),
    keepAlive: nothing,
    encode(event) {
      if (event.source?.dialect !== 'openai.embeddings') return nothing;
      const { edits } = respell(readEmbeddings(event.source.json), event.parts);
      return Buffer.from(splice(event.source.json, edits));
    },
    failure: (_refusal: Refusal, _request: string) => nothing,
  };
}
