import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LogSigner, type WitnessEndpoint, type WitnessedTree, answerAddCheckpoint } from '@writ/ledger';

/** A small C2SP witness over real HTTP. It remembers in memory: a real one must never forget. */
export class WitnessTwin {
  readonly #server: Server;
  readonly #trees = new Map<string, WitnessedTree>();

  constructor(
    readonly name: string,
    readonly key: LogSigner,
    logs: Readonly<Record<string, readonly Uint8Array[]>>,
    seconds: () => number,
  ) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const knows = (origin: string) => {
          const keys = logs[origin];
          return keys && { keys, last: this.#trees.get(origin) };
        };
        const body = Buffer.concat(chunks).toString('utf8');
        const witness = { name, key, seconds: seconds() };
        const reply =
          request.method === 'POST' && request.url === '/add-checkpoint'
            ? answerAddCheckpoint(body, knows, witness)
            : { status: 404, contentType: 'text/plain', body: '' };
        const origin = body.slice(body.indexOf('\n\n') + 2).split('\n')[0] ?? '';
        if ('next' in reply && reply.next) this.#trees.set(origin, reply.next);
        response.writeHead(reply.status, { 'content-type': reply.contentType }).end(reply.body);
      });
    });
  }

  async open(): Promise<WitnessEndpoint> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    return { name: this.name, publicKey: this.key.publicKey, url: `http://127.0.0.1:${port}` };
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}
