import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createServer, sealResponse, surfaces } from '@writ/gateway';
import { limits } from '@writ/domain';
import { createLog } from '@writ/platform';
import { dialects } from '@writ/providers';
import { House } from '../support/house.js';

const house = new House({ realTime: true, script: () => ({ pieces: ['Hello', ' there'] }) });
let draining = false;
let port = 0;
let close: () => Promise<void> = () => Promise.resolve();
let fastify: FastifyInstance | undefined;

beforeAll(async () => {
  const ports = { ...house.ports, dialects };
  const app = await createServer({
    ports,
    log: createLog('test', 'silent'),
    surfaces,
    observe: () => undefined,
    isDraining: () => draining,
  });
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
  fastify = app.getHttpAdapter().getInstance();
  close = () => app.close();
});

afterAll(async () => {
  await close();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function send(
  path: string,
  more: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
  } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = httpRequest(
    { host: '127.0.0.1', port, path, method: more.method ?? 'POST', headers: more.headers ?? {} },
    (incoming) => {
      const chunks: Uint8Array[] = [];
      incoming.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
      incoming.on('error', reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(more.body);
  return promise;
}

/** Bytes as they are, for requests that no HTTP client would send. Resolves with all that came back. */
function sendRaw(text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => socket.end(Buffer.from(text, 'latin1')));
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => resolve(answer));
  socket.on('close', () => resolve(answer));
  return promise;
}

/** Every method and path of the router's printed tree; a child's path continues its parent's. */
function routesOf(tree: string): readonly { readonly method: string; readonly path: string }[] {
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', segment = '', methods = ''] = /^([\s│]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    if (segment === '') return [];
    const depth = indent.length / 4;
    parents[depth] = `${depth === 0 ? '' : (parents[depth - 1] ?? '')}${segment}`;
    const path = (parents[depth] ?? '').replaceAll(/:\w+/g, 'x');
    return methods === '' ? [] : methods.split(', ').map((method) => ({ method, path }));
  });
}

const good = { authorization: 'Bearer good', 'content-type': 'application/json' };
const chat = (content: string, more: object = {}): string =>
  JSON.stringify({ model: 'fast', messages: [{ role: 'user', content }], ...more });
const codeOf = (answer: Answer): string =>
  (JSON.parse(answer.body) as { readonly error: { readonly code: string } }).error.code;

describe('the door', () => {
  it('answers a request with the ids that lead to its records', async () => {
    const answer = await send('/v1/chat/completions', { headers: good, body: chat('Hello') });
    expect(answer.status).toBe(200);
    for (const name of ['x-request-id', 'x-writ-decision', 'x-writ-receipt', 'x-writ-policy', 'x-writ-endpoint'])
      expect(answer.headers[name]).toBeTruthy();
  });

  it('says how long an answer is that is whole, and sends a stream in chunks', async () => {
    const whole = await send('/v1/chat/completions', { headers: good, body: chat('Hello') });
    expect(whole.headers['content-length']).toBe(String(Buffer.byteLength(whole.body)));
    expect(JSON.parse(whole.body)).toHaveProperty('choices');
    const stream = await send('/v1/chat/completions', { headers: good, body: chat('Hello', { stream: true }) });
    expect(stream.headers['content-length']).toBeUndefined();
    expect(stream.body.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('P2: takes the address from the connection, whatever a header says it is', async () => {
    const spoofed = { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4', 'x-real-ip': '1.2.3.4' };
    const before = house.refusedFrom.length;
    await send('/v1/chat/completions', {
      headers: { 'content-type': 'application/json', ...spoofed },
      body: chat('Hi'),
    });
    expect(house.refusedFrom.slice(before)).toEqual([expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$/)]);
  });

  it('P5: takes the tenant from the credential alone', async () => {
    const named = { 'openai-organization': 'org-b', 'x-tenant-id': 'b', 'openai-project': 'p' };
    const plain = await send('/v1/chat/completions', { headers: good, body: chat('Hello') });
    const other = await send('/v1/chat/completions?tenant=b', { headers: { ...good, ...named }, body: chat('Hello') });
    expect([other.status, other.headers['x-writ-policy']]).toEqual([200, plain.headers['x-writ-policy']]);
    const inBody = await send('/v1/chat/completions', { headers: good, body: chat('Hello', { tenant_id: 'b' }) });
    expect([inBody.status, codeOf(inBody)]).toEqual([400, 'request-malformed']);
  });

  it.each(['/metrics', '/livez', '/readyz', '/debug', '/admin', '/_control/requests', '/graphql', '/scim/v2/Users'])(
    'P8: %s is not on the public listener',
    async (path) => {
      expect((await send(path, { method: 'GET', headers: good })).status).toBe(404);
    },
  );

  it('C4: every route of the router refuses a request without a credential', async () => {
    const routes = routesOf(fastify?.printRoutes({ commonPrefix: false }) ?? '');
    expect(routes.length).toBeGreaterThanOrEqual(3);
    for (const { method, path } of routes) {
      const answer = await send(path, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: chat('Hello') } : {}),
      });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  it('P4, P3: a path that is not canonical is refused as path-not-canonical before any routing', async () => {
    for (const path of [
      '/v1/chat/../admin',
      '/v1/%2e%2e/x',
      '//v1/models',
      '/v1/models;a=b',
      '/v1/chat%2fcompletions',
      '/v1/models.',
      '/v1\\models',
      '/v1/./models',
    ]) {
      const answer = await send(path, { method: 'GET', headers: good });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 400, 'path-not-canonical']);
    }
    expect(
      await sendRaw('GET http://other.example/v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 400/);
  });

  it.each([
    'application/json\t;',
    ' application/json;x',
    'application/json garbage',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
  ])('H8: content type %j is unsupported-media', async (type) => {
    const answer = await send('/v1/chat/completions', {
      headers: { ...good, 'content-type': type },
      body: chat('Hello'),
    });
    expect(answer.status).toBe(415);
    expect(codeOf(answer)).toBe('unsupported-media');
  });

  it('H5: a coded body is unsupported-media', async () => {
    const answer = await send('/v1/chat/completions', {
      headers: { ...good, 'content-encoding': 'gzip' },
      body: chat('Hello'),
    });
    expect([answer.status, codeOf(answer)]).toEqual([415, 'unsupported-media']);
  });

  it('H7: a body over the limit is request-too-large, one at the limit is classified to its end', async () => {
    const over = await send('/v1/chat/completions', { headers: good, body: chat('x'.repeat(limits.requestBytes)) });
    expect([over.status, codeOf(over)]).toEqual([413, 'request-too-large']);
    const secret = ' AKIAQ3EGVWLZ7JTBN4XM';
    const room = limits.requestBytes - chat('').length - secret.length;
    const arrivals = house.providers.arrivals.length;
    const at = await send('/v1/chat/completions', {
      headers: good,
      body: chat('word '.repeat(room / 5) + 'w'.repeat(room % 5) + secret),
    });
    expect([403, 413]).toContain(at.status);
    expect(house.providers.arrivals.length).toBe(arrivals);
  });

  it('H9, H11: malformed and unknown fields are request-malformed, with their place', async () => {
    const bodies = [
      '{',
      '{"model":"fast","model":"x","messages":[]}',
      chat('x', { base_url: 'http://evil.example' }),
      chat('x', { extra_headers: {} }),
      '\ufeff{}',
      '[]',
      'null',
    ];
    for (const body of bodies) {
      const answer = await send('/v1/chat/completions', { headers: good, body });
      expect([body, answer.status, codeOf(answer)]).toEqual([body, 400, 'request-malformed']);
    }
  });

  it('H15: unknown routes are route-unknown and other methods method-not-allowed', async () => {
    const unknown = await send('/v1/unknown', { headers: good, body: '{}' });
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 'route-unknown']);
    const method = await send('/v1/chat/completions', { method: 'DELETE', headers: good });
    expect([method.status, codeOf(method)]).toEqual([405, 'method-not-allowed']);
  });

  it('H1: smuggling attempts are refused and the connection is closed', async () => {
    const arrivals = house.providers.arrivals.length;
    const both = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n`;
    const twice = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd`;
    for (const raw of [both, twice]) expect(await sendRaw(raw)).toMatch(/^HTTP\/1.1 400/);
    expect(house.providers.arrivals.length).toBe(arrivals);
  });

  it.each([
    ['a header that goes on in the next line (obs-fold)', 'x: a\r\n b\r\n'],
    ['a line that ends without a carriage return', 'x: a\ny: b\r\n'],
    ['a NUL in a value', 'x: a\0b\r\n'],
    ['bytes that are no UTF-8', 'x: \u00ff\u00fe\r\n'],
    ['two hundred headers', 'x: y\r\n'.repeat(200)],
  ])('P7: %s is refused, and the next request is served', async (_, lines) => {
    const before = house.providers.arrivals.length;
    const head = `GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: ${good.authorization}\r\nconnection: close\r\n`;
    expect(await sendRaw(`${head}${lines}\r\n`)).toMatch(/^HTTP\/1.1 400/);
    expect(await sendRaw(`${head}x: \u00c3\u00a4\r\n\r\n`)).toMatch(/^HTTP\/1.1 200/);
    expect(house.providers.arrivals.length).toBe(before);
  });

  it('P7: headers over the limit are refused', async () => {
    expect(await sendRaw(`GET /v1/models HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
  });

  it('refuses two different credentials in one request, and an unreadable one', async () => {
    const two = await send('/v1/chat/completions', { headers: { ...good, 'x-api-key': 'other' }, body: chat('Hello') });
    expect([two.status, codeOf(two)]).toEqual([401, 'credential-invalid']);
    const odd = await send('/v1/chat/completions', {
      headers: { ...good, authorization: 'Basic Zm9v' },
      body: chat('Hello'),
    });
    expect([odd.status, codeOf(odd)]).toEqual([401, 'credential-invalid']);
  });

  it('lists the aliases to an identified subject', async () => {
    const list = await send('/v1/models', { method: 'GET', headers: good });
    expect(JSON.parse(list.body)).toMatchObject({ object: 'list', data: [{ id: 'fast', object: 'model' }] });
    const none = await send('/v1/models/nobody', { method: 'GET', headers: good });
    expect([none.status, codeOf(none)]).toEqual([404, 'model-unknown']);
  });

  it('closes connections while it drains', async () => {
    draining = true;
    const answer = await send('/v1/models', { method: 'GET', headers: good });
    draining = false;
    expect(answer.headers['connection']).toBe('close');
  });
});

describe('the sealed response', () => {
  it('row 40: throws on every write that is not of released bytes', () => {
    const written: unknown[] = [];
    const raw = {
      write: (bytes: unknown) => written.push(bytes),
      end: (bytes: unknown) => written.push(bytes),
      writeHead: () => undefined,
      destroyed: false,
    };
    sealResponse(raw as never, 1_000);
    expect(() => raw.write('leak')).toThrow(/released/);
    expect(() => raw.end('leak')).toThrow(/released/);
    expect(written).toEqual([]);
  });

  it('refuses what merely looks like released bytes', () => {
    const raw = { write: () => true, end: () => undefined, writeHead: () => undefined, destroyed: false };
    const socket = sealResponse(raw as never, 1_000);
    const lookAlike = { bytes: new Uint8Array(1), receipt: undefined } as never;
    expect(() => socket.write(lookAlike)).toThrow(/released/);
  });
});
