import { limits } from '@writ/domain';
import { EventStreamCodec, type Message } from '@smithy/eventstream-codec';
import { broken } from '../fault.js';

const shortest = 16;

/** The messages of `application/vnd.amazon.eventstream`, each with its checksums verified. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Message, void, undefined> {
  const codec = new EventStreamCodec(
    (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
    (text) => Buffer.from(text, 'utf8'),
  );
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= 4) {
      const length = held.readUInt32BE(0);
      if (length < shortest || length > limits.upstreamLineBytes) throw broken('frame-length');
      if (held.length < length) break;
      yield decode(codec, held.subarray(0, length));
      held = held.subarray(length);
    }
  }
  if (held.length > 0) throw broken('cut');
}

function decode(codec: EventStreamCodec, bytes: Uint8Array): Message {
  try {
    return codec.decode(bytes);
  } catch {
    throw broken('frame-checksum');
  }
}

export function headerOf(message: Message, name: string): string {
  const found = message.headers[name];
  return found?.type === 'string' ? found.value : '';
}
