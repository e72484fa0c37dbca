import { limits } from '@writ/domain';
import { createParser } from 'eventsource-parser';
import { broken } from './fault.js';

export interface SseMessage {
  readonly event: string | undefined;
  readonly data: string;
}

/** The whole body as text. Invalid UTF-8 is a broken answer. */
export async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of chunks) text += decodeOne(decoder, chunk);
  return text + decodeOne(decoder, undefined);
}

/**
 * Server-sent events, with a cap on a line and on an event. A stream that ends inside an event is broken. No generator: one would
 * take several turns of the promise queue for each event.
 */
export function readEvents(chunks: AsyncIterable<Uint8Array>): AsyncIterable<SseMessage> {
  const source = chunks[Symbol.asyncIterator]();
  const ready: SseMessage[] = [];
  let fault: Error | undefined;
  const parser = createParser({
    maxBufferSize: limits.upstreamLineBytes,
    onEvent: ({ event, data }) => {
      if (data.length > limits.upstreamLineBytes) fault = broken('line-too-long');
      ready.push({ event, data });
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') fault = broken('line-too-long');
    },
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const take = (next: IteratorResult<Uint8Array>): IteratorResult<SseMessage> | Promise<IteratorResult<SseMessage>> => {
    if (next.done === true) {
      // What is left of a character can end no event, but it can be invalid.
      decodeOne(decoder, undefined);
      return over;
    }
    parser.feed(decodeOne(decoder, next.value));
    if (fault) throw fault;
    return nextMessage();
  };
  const nextMessage = (): IteratorResult<SseMessage> | Promise<IteratorResult<SseMessage>> => {
    const message = ready.shift();
    return message ? { done: false, value: message } : source.next().then(take);
  };
  const leave = async (): Promise<IteratorResult<SseMessage>> => {
    await source.return?.();
    return over;
  };
  const iterator: AsyncIterator<SseMessage> = {
    next: () => Promise.resolve(nextMessage()),
    return: leave,
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

const over = { done: true, value: undefined } as const;

function decodeOne(decoder: TextDecoder, chunk: Uint8Array | undefined): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch {
    throw broken('not-utf-8');
  }
}
