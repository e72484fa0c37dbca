import { connect, type Socket } from 'node:net';

/** What one request took, seen from the caller. Times are ms; `firstMs` is when the first byte came. */
export interface Taken {
  readonly status: number;
  readonly firstMs: number;
  readonly totalMs: number;
  /** The whole answer arrived and was what it had to be. */
  readonly complete: boolean;
  /** What the server says that it spent, by step, ms (W3C Server Timing). */
  readonly steps: Readonly<Record<string, number>>;
}

export interface Caller {
  /** The head of the request without `content-length`, each line ended. */
  head(): string;
  body(): string;
  /** What the body of a complete answer contains. */
  readonly expects: string;
}

/**
 * One keep-alive connection that sends one request after the other. It reads just enough HTTP to know where an answer ends, so
 * that the driver costs little beside what it drives.
 */
export class Connection {
  #socket: Socket | undefined;
  #settle: ((taken: Taken) => void) | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  #need = -1;
  #chunked = false;
  #status = 0;
  #sentAt = 0;
  #firstAt = 0;
  #expects = '';
  #steps: Record<string, number> = {};

  constructor(readonly port: number) {}

  /** Resolves when the answer is complete or the connection broke. Measured from `from`, when the request was due. */
  send(caller: Caller, from = performance.now()): Promise<Taken> {
    const { promise, resolve } = Promise.withResolvers<Taken>();
    this.#settle = resolve;
    this.#parts = [];
    this.#bytes = 0;
    this.#need = -1;
    this.#sentAt = from;
    this.#firstAt = 0;
    this.#steps = {};
    this.#expects = caller.expects;
    const body = caller.body();
    const text = `${caller.head()}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    this.#socket ??= this.#open();
    this.#socket.write(text);
    return promise;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const broken = (): void => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#end(false);
    };
    socket.on('error', broken);
    socket.on('close', broken);
    return socket;
  }

  #take(chunk: Buffer): void {
    if (this.#firstAt === 0) this.#firstAt = performance.now();
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#need < 0 && !this.#readHead()) return;
    if (this.#chunked ? this.#endsChunked() : this.#bytes >= this.#need) this.#end(true);
  }

  /** False until the whole head is here. */
  #readHead(): boolean {
    const seen = Buffer.concat(this.#parts);
    const at = seen.indexOf('\r\n\r\n');
    if (at < 0) return false;
    const head = seen.toString('latin1', 0, at).toLowerCase();
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
    this.#chunked = length === undefined;
    const timing = /\r\nserver-timing: *([^\r]+)/.exec(head)?.[1] ?? '';
    for (const [, step = '', ms] of timing.matchAll(/([\w-]+);dur=([\d.]+)/g)) this.#steps[step] = Number(ms);
    this.#need = at + 4 + Number(length ?? 0);
    return true;
  }

  #endsChunked(): boolean {
    const last = this.#parts.at(-1)!;
    const tail = last.length >= 5 ? last : Buffer.concat(this.#parts.slice(-3));
    return tail.subarray(-5).equals(finalChunk);
  }

  #end(whole: boolean): void {
    const settle = this.#settle;
    if (!settle) return;
    this.#settle = undefined;
    const now = performance.now();
    const complete = whole && this.#status === 200 && Buffer.concat(this.#parts).includes(this.#expects);
    this.#parts = [];
    settle({
      status: whole ? this.#status : 0,
      firstMs: (this.#firstAt || now) - this.#sentAt,
      totalMs: now - this.#sentAt,
      complete,
      steps: this.#steps,
    });
  }
}

const finalChunk = Buffer.from('0\r\n\r\n');

/** Keeps `concurrency` requests in flight for `ms`; what is in flight at the end is still waited for and counted. */
export async function closedLoop(
  connections: readonly Connection[],
  caller: Caller,
  ms: number,
): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  const until = performance.now() + ms;
  const loop = async (connection: Connection): Promise<void> => {
    // One request at a time on each connection is what the loop is.
    // oxlint-disable-next-line no-await-in-loop
    while (performance.now() < until) taken.push(await connection.send(caller));
  };
  await Promise.all(connections.map(loop));
  return taken;
}

/**
 * Sends `perSecond` requests a second, whether or not answers come, and measures each from the moment it was due: a server
 * that stalls is charged for every request that had to wait.
 */
export async function openLoop(
  port: number,
  caller: Caller,
  perSecond: number,
  ms: number,
  /** Connections that are there already, and that are kept; without them each is closed at the end. */
  kept?: Connection[],
): Promise<readonly Taken[]> {
  const free = kept ?? [];
  const all: Connection[] = [];
  const running: Promise<Taken>[] = [];
  const start = performance.now();
  const count = Math.floor((perSecond * ms) / 1_000);
  let sent = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    while (sent < count && performance.now() >= start + (sent * 1_000) / perSecond) {
      let connection = free.pop();
      if (!connection) all.push((connection = new Connection(port)));
      const used = connection;
      const request = used.send(caller, start + (sent * 1_000) / perSecond);
      running.push(
        request.then((taken) => {
          free.push(used);
          return taken;
        }),
      );
      sent += 1;
    }
    if (sent >= count) resolve();
  }, 1);
  await promise;
  clearInterval(timer);
  const taken = await Promise.all(running);
  if (!kept) for (const connection of all) connection.close();
  return taken;
}
