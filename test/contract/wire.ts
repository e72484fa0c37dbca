import { type Socket, connect, createServer } from 'node:net';

/** A TCP relay that can fall silent without closing anything, as a cut network does. */
export interface Wire {
  readonly port: number;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export function startWire(target: number): Promise<Wire> {
  const { promise, resolve } = Promise.withResolvers<Wire>();
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      from.on('data', (data) => {
        if (!isCut) to.write(data);
      });
      from.on('end', () => {
        if (!isCut) to.end();
      });
    }
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    resolve({
      port: typeof address === 'object' && address !== null ? address.port : 0,
      cut: () => (isCut = true),
      mend: () => (isCut = false),
      close() {
        const { promise: closed, resolve: done } = Promise.withResolvers<void>();
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
        return closed;
      },
    });
  });
  return promise;
}
