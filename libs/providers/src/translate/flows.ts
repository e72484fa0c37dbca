import type { AnswerEvent, AnswerPart, Dialect } from '@writ/domain';
import { isSaid, type Said } from '../dialect/encoder.js';

/** Dialects that write an answer as one block after another: a block must be whole before the next one opens. */
const inBlocks: ReadonlySet<Dialect> = new Set(['anthropic.messages', 'openai.responses']);

/**
 * Marks where a flow of text gives way to another, so that what the inspection holds back of it leaves inside its own
 * block. Only for answers that are written anew in blocks; a vendor of the caller's dialect marks its blocks itself.
 */
export function markFlows(events: AsyncIterable<AnswerEvent>, dialect: Dialect): AsyncIterable<AnswerEvent> {
  return inBlocks.has(dialect) ? marked(events, dialect) : events;
}

async function* marked(
  events: AsyncIterable<AnswerEvent>,
  dialect: Dialect,
): AsyncGenerator<AnswerEvent, void, undefined> {
  let last: Said | undefined;
  for await (const event of events) {
    if (event.source?.dialect === dialect) {
      yield event;
      continue;
    }
    const parts: AnswerPart[] = [];
    for (const part of event.parts) {
      if (isSaid(part) && part.choice === 0) {
        if (last && flowOf(last) !== flowOf(part)) parts.push(endOf(last));
        last = part;
      }
      parts.push(part);
    }
    yield { ...event, parts };
  }
}

function flowOf(part: Said): string {
  return part.kind === 'tool-call' ? `tool-${part.index}` : part.kind;
}

function endOf(part: Said): AnswerPart {
  return part.kind === 'tool-call'
    ? { kind: 'tool-call', choice: part.choice, index: part.index, arguments: '', ends: true }
    : { kind: part.kind, choice: part.choice, text: '', ends: true };
}
