import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { documentFetcher } from './index.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function fetchFrom(listener: RequestListener, timeoutMs?: number): Promise<string | undefined> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agent = new Agent();
  closing.push(() => {
    void agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return documentFetcher(agent, timeoutMs)(`http://127.0.0.1:${port}/jwks`);
}

describe('T17: a document of an identity provider', () => {
  it('is read when it is small and plain', async () => {
    expect(await fetchFrom((_request, response) => response.end('{"keys":[]}'))).toBe('{"keys":[]}');
  });

  it('is nothing when it is larger than 512 KB, and the rest is not read', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const text = await fetchFrom((_request, response) => {
      const write = (): void => {
        if (sent > 50 * 1024 * 1024 || response.destroyed) return void response.end();
        sent += chunk.length;
        response.write(chunk, () => setImmediate(write));
      };
      write();
    });
    expect(text).toBeUndefined();
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('is nothing when it never ends', async () => {
    expect(await fetchFrom((_request, response) => void response.write('{'), 50)).toBeUndefined();
  });

  it('is nothing when it is packed, so that no bomb is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024, ' '));
    const text = await fetchFrom((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    });
    expect(text).toBeUndefined();
  });

  it('is nothing when it is somewhere else, and that place is not visited', async () => {
    const visited: string[] = [];
    const text = await fetchFrom((request, response) => {
      visited.push(request.url ?? '');
      response.writeHead(302, { location: '/latest/meta-data' }).end();
    });
    expect(text).toBeUndefined();
    expect(visited).toEqual(['/jwks']);
  });

  it('is nothing when it is not UTF-8, or nobody answers', async () => {
    expect(await fetchFrom((_request, response) => response.end(Buffer.from([0xc3, 0x28])))).toBeUndefined();
    expect(await documentFetcher(new Agent())('http://127.0.0.1:1/jwks')).toBeUndefined();
  });
});
