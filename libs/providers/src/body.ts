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

/** Server-sent events, with a cap on a line and on an event. A stream that ends inside an event is broken. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage, void, undefined> {
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
  for await (const chunk of chunks) {
    parser.feed(decodeOne(decoder, chunk));
    if (fault) throw fault;
    // Not `yield*`: it waits for each message as if it were a promise.
    for (const message of ready.splice(0)) yield message;
  }
  // What is left of a character can end no event, but it can be invalid.
  decodeOne(decoder, undefined);
}

function decodeOne(decoder: TextDecoder, chunk: Uint8Array | undefined): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch {
    throw broken('not-utf-8');
  }
}
