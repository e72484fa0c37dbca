import type { AnswerEvent, AnswerPart, Refusal } from '@writ/domain';

/** Turns canonical events into the bytes of the caller's dialect. One per answer. */
export interface Encoder {
  readonly contentType: string;
  encode(event: AnswerEvent): Uint8Array;
  failure(refusal: Refusal, request: string): Uint8Array;
  readonly keepAlive: Uint8Array;
}

export const nothing = new Uint8Array(0);
export const keepAliveComment: Uint8Array = Buffer.from(': keep-alive\n\n');
const eventStream = 'text/event-stream; charset=utf-8';

/** Server-sent events are always framed here. JSON never needs a line break, so one in the data cannot end the event. */
export function frame(json: string, event?: string): string {
  const line = json.includes('\n') || json.includes('\r') ? json.replaceAll(/[\r\n]+/g, ' ') : json;
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${line}\n\n`;
}

export function contentTypeOf(stream: boolean): string {
  return stream ? eventStream : 'application/json';
}

/** What an event says, and where: text, reasoning, refusals and arguments. */
export type Said = Extract<AnswerPart, { kind: 'text' | 'reasoning' | 'refusal' | 'tool-call' }>;

export function isSaid(part: AnswerPart): part is Said {
  return part.kind === 'text' || part.kind === 'reasoning' || part.kind === 'refusal' || part.kind === 'tool-call';
}

export function wordsOf(part: Said): string {
  return part.kind === 'tool-call' ? part.arguments : part.text;
}

/** The mark that a flow of text ended, with nothing left of it to say. */
export function isBareEnd(part: Said): boolean {
  return part.ends === true && wordsOf(part) === '';
}
