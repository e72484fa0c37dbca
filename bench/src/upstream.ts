// The model provider of the bench and the issuer of its tokens, as one small process. It does as little as it can, so that it
// is never what is measured; the bench prints what it does alone.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import { prose, seeded } from './text.js';

const events = 100;
const everyMs = 5;
const answer = prose(seeded(7), 600);
const usage = { prompt_tokens: 250, completion_tokens: 120, total_tokens: 370 };
const whole = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'gpt-sim',
    choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    usage,
  }),
);
const frames = streamFrames();
const jwks = readFileSync(process.argv[2] ?? '');

interface Streaming {
  readonly response: ServerResponse;
  next: number;
}
const streaming = new Set<Streaming>();

function streamFrames(): readonly Buffer[] {
  const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'gpt-sim' };
  const frame = (choices: readonly object[], more: object = {}): Buffer =>
    Buffer.from(`data: ${JSON.stringify({ ...base, choices, ...more })}\n\n`);
  const words = answer.split(' ');
  const list = [frame([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])];
  for (let at = list.length; at < events - 3; at += 1)
    list.push(frame([{ index: 0, delta: { content: `${words[at % words.length]} ` }, finish_reason: null }]));
  list.push(frame([{ index: 0, delta: {}, finish_reason: 'stop' }]), frame([], { usage }));
  list.push(Buffer.from('data: [DONE]\n\n'));
  return list;
}

/** One timer for all streams: each tick moves every stream on by one event. */
function tick(): void {
  for (const each of streaming) {
    const frame = frames[each.next];
    each.next += 1;
    if (frame && !each.response.destroyed) each.response.write(frame);
    if (each.next < frames.length && !each.response.destroyed) continue;
    streaming.delete(each);
    each.response.end();
  }
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(jwks);
    return;
  }
  let tail = '';
  request.on('data', (chunk: Buffer) => {
    // The bench writes `stream` last, and a gateway may add a field after it.
    tail = (tail + chunk.subarray(-256).toString('latin1')).slice(-256);
  });
  request.on('end', () => {
    if (!/"stream":\s*true/.test(tail)) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length }).end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frames[0]);
    streaming.add({ response, next: 1 });
  });
}

const server = createServer({ keepAliveTimeout: 600_000 }, serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
});
setInterval(tick, everyMs);
process.on('SIGTERM', () => process.exit(0));
