import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createServer, surfaces, type ServerDependencies } from '@writ/gateway';
import { createLog } from '@writ/platform';
import { dialects } from '@writ/providers';
import { House, type HouseOptions } from '../support/house.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** False when the connection was cut before the answer's proper end. */
  readonly whole: boolean;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The gateway's real HTTP doors in front of a house of twins. */
export interface OpenDoor {
  readonly house: House;
  readonly port: number;
  send(path: string, more?: Sending): Promise<HttpAnswer>;
  /** Bytes as they are, for requests that no HTTP client would send. Resolves with all that came back. */
  sendRaw(...texts: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export const goodHeaders = { authorization: 'Bearer good', 'content-type': 'application/json' };

/** Opens the doors on a free port. `dialects` are the real ones, so that answers are real bytes. */
export async function openDoor(options: HouseOptions = {}): Promise<OpenDoor> {
  const house = new House({ realTime: true, ...options });
  Object.assign(house.ports, { dialects });
  return await openDoorOf(house);
}

/** The same, in front of a house that is there already. `path` names a local socket to listen on instead of a port. */
export async function openDoorOf(
  house: House,
  more: Partial<ServerDependencies> = {},
  path?: string,
): Promise<OpenDoor> {
  const app = await createServer({
    ports: house.ports,
    log: createLog('test', 'silent'),
    surfaces,
    observe: () => undefined,
    isDraining: () => false,
    ...more,
  });
  if (path === undefined) await app.listen(0, '127.0.0.1');
  else await app.listen(path);
  const port = path === undefined ? (app.getHttpServer().address() as AddressInfo).port : 0;
  return {
    house,
    port,
    send: (at, sending) => send(port, at, sending ?? {}),
    sendRaw: (...texts) => sendRaw(port, texts),
    close: () => app.close(),
  };
}

function send(port: number, path: string, more: Sending): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const outgoing = httpRequest(
    { host: '127.0.0.1', port, path, method: more.method ?? 'POST', headers: more.headers ?? goodHeaders },
    (incoming) => {
      const chunks: Uint8Array[] = [];
      const done = (): void =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('utf8'),
          whole: incoming.complete,
        });
      incoming.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      incoming.on('error', () => undefined);
      incoming.on('close', done);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(more.body);
  return promise;
}

function sendRaw(port: number, texts: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => {
    for (const text of texts) socket.write(text);
    socket.end();
  });
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => resolve(answer));
  socket.on('close', () => resolve(answer));
  return promise;
}
