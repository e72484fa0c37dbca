import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits, refuse, type Refusal } from '@writ/domain';
import { uuidv7 } from '@writ/platform';
import { surfaceFor } from './surfaces.js';

/** How long a caller may take with a request, ms, and how many connections there may be. */
export interface Patience {
  readonly headersMs: number;
  /** For the whole request, head and body. */
  readonly requestMs: number;
  /** Without a byte of the body. */
  readonly idleMs: number;
  readonly checkMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

export const standardPatience: Patience = {
  headersMs: limits.requestHeadersMs,
  requestMs: limits.requestMs,
  idleMs: limits.requestIdleMs,
  checkMs: limits.connectionCheckMs,
  connections: limits.connections,
  connectionsPerAddress: limits.connectionsPerAddress,
};

/**
 * What Node would do by itself with unusual requests is refused here in words: an expectation, an upgrade and a tunnel. A
 * connection over the bounds is closed at once, so that idle ones cannot shut others out.
 */
export function guardConnections(server: Server, patience: Patience): void {
  server.maxConnections = patience.connections;
  const perAddress = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const open = (perAddress.get(address) ?? 0) + 1;
    perAddress.set(address, open);
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
    if (open > patience.connectionsPerAddress) socket.destroy();
  });
  server.on('checkContinue', refuseExpectation);
  server.on('checkExpectation', refuseExpectation);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) =>
    endWith(request, socket, refuse('upgrade-refused')),
  );
  server.on('connect', (request: IncomingMessage, socket: Duplex) =>
    endWith(request, socket, refuse('method-not-allowed')),
  );
}

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const refusal = refuse('expectation-refused');
  const { status, headers, body } = surfaceFor(pathOf(request)).encodeRefusal(refusal, uuidv7(Date.now()), {});
  response.writeHead(status, { ...headers, connection: 'close', 'content-length': String(body.length) });
  response.end(body);
}

/** The HTTP server has let go of this connection: the answer is written by hand, and nothing more is read. */
function endWith(request: IncomingMessage, socket: Duplex, refusal: Refusal): void {
  const { status, headers, body } = surfaceFor(pathOf(request)).encodeRefusal(refusal, uuidv7(Date.now()), {});
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(body.length) });
  socket.on('error', () => undefined);
  socket.write(`HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  socket.end(body, () => socket.destroy());
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}
