import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headersOf } from '@writ/gateway';
import { limits, refuse } from '@writ/domain';
import { eventually } from '../contract/eventually.js';
import { tenantA } from '../support/builders.js';
import { House } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';
import { goodHeaders, openDoor, openDoorOf, type OpenDoor } from './open-door.js';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const body = (content: string): string => JSON.stringify({ model: 'fast', messages: [{ role: 'user', content }] });
const hello = body('Hello');
const head = (...lines: readonly string[]): string =>
  [
    'POST /v1/chat/completions HTTP/1.1',
    'host: a',
    'authorization: Bearer good',
    'content-type: application/json',
    ...lines,
  ]
    .map((line) => `${line}\r\n`)
    .join('') + '\r\n';
const arrivals = (): number => door.house.providers.arrivals.length;
const second = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';
/** How many answers a connection gave: a smuggled request would be a second one. */
const answersIn = (text: string): number => text.split(/HTTP\/1\.1 \d{3}/).length - 1;

describe('a connection that is not plain HTTP/1.1', () => {
  it.each([
    ['length and chunks', head('content-length: 4', 'transfer-encoding: chunked') + '0\r\n\r\n' + second],
    ['chunks and length', head('transfer-encoding: chunked', 'content-length: 4') + '0\r\n\r\n' + second],
    ['two lengths', head('content-length: 4', 'content-length: 5') + 'abcd' + second],
    ['two lengths in one', head('content-length: 4, 5') + 'abcd' + second],
    ['two codings', head('transfer-encoding: chunked', 'transfer-encoding: identity') + '0\r\n\r\n' + second],
    ['an unknown coding', head('transfer-encoding: xchunked') + '0\r\n\r\n' + second],
    ['chunked before another coding', head('transfer-encoding: chunked, gzip') + '0\r\n\r\n' + second],
    ['a space before the colon', head('content-length : 4') + 'abcd' + second],
    ['a folded header', head('x-a: b', ' content-length: 4') + 'abcd' + second],
    ['a negative length', head('content-length: -1') + second],
    ['a length with a plus', head('content-length: +4') + 'abcd' + second],
    ['a length in hex', head('content-length: 0x4') + 'abcd' + second],
    ['a bare line feed as the end', head('transfer-encoding: chunked').replaceAll('\r\n', '\n') + '0\n\n' + second],
    ['a chunk size that is none', head('transfer-encoding: chunked') + 'zz\r\nabcd\r\n0\r\n\r\n' + second],
    ['a chunk without its end', head('transfer-encoding: chunked') + '4\r\nabcdX0\r\n\r\n' + second],
    ['a NUL in a header', head('x-a: b\u0000c', 'content-length: 4') + 'abcd' + second],
  ])('H1: %s is refused, the connection closed, and nothing behind it is a second request', async (_, raw) => {
    const before = arrivals();
    const answer = await door.sendRaw(raw);
    expect(answersIn(answer)).toBeLessThanOrEqual(1);
    expect(answer === '' || answer.startsWith('HTTP/1.1 400')).toBe(true);
    expect(answer).not.toContain('smuggled');
    expect(arrivals()).toBe(before);
  });

  it('H1: chunk extensions neither change the body nor hide a request in it', async () => {
    const size = Buffer.byteLength(hello).toString(16);
    const raw =
      head('transfer-encoding: chunked', 'connection: close') + `${size};a="\n\n";b=c\r\n${hello}\r\n0\r\n\r\n`;
    const answer = await door.sendRaw(raw);
    expect(answersIn(answer)).toBe(1);
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400)/);
  });

  it.each([
    ['an expectation', head('content-length: 2', 'expect: 100-continue'), 417, 'expectation-refused'],
    ['another expectation', head('content-length: 2', 'expect: 200-ok'), 417, 'expectation-refused'],
    [
      'an upgrade to a websocket',
      head('connection: upgrade', 'upgrade: websocket', 'content-length: 0'),
      426,
      'upgrade-refused',
    ],
    ['HTTP/1.0', head('content-length: 2').replace('HTTP/1.1', 'HTTP/1.0') + '{}', 426, 'upgrade-refused'],
    ['TRACE', 'TRACE /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 405, 'method-not-allowed'],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\nhello', 405, 'method-not-allowed'],
  ])('H15: %s is refused in words and never tunnelled', async (_, raw, status, code) => {
    const before = arrivals();
    const answer = await door.sendRaw(raw);
    expect(answer.split('\r\n', 1)[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
    expect(answer).toContain(code);
    expect(answer).not.toMatch(/^HTTP\/1\.1 (100|101|200)/);
    expect(arrivals()).toBe(before);
  });

  it('H16: HTTP/2 is off: its preface, and an upgrade to it, are refused', async () => {
    expect(
      await door.sendRaw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000'),
    ).not.toMatch(/HTTP\/1\.1 (101|200)|^PRI/);
    const upgrade = head(
      'connection: Upgrade, HTTP2-Settings',
      'upgrade: h2c',
      'http2-settings: AAMAAABkAAQAAP__',
      'content-length: 0',
    );
    expect(await door.sendRaw(upgrade)).toMatch(/^HTTP\/1\.1 426/);
  });
});

describe('H3: a slow or idle caller', () => {
  const doors: OpenDoor[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(doors.splice(0).map((one) => one.close()));
  });
  const open = async (patience: object): Promise<OpenDoor> => {
    const one = await openDoorOf(new House({ realTime: true }), { patience });
    doors.push(one);
    return one;
  };
  const dial = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };

  it('is bounded by default: 10 s for the head, 60 s for the whole, 15 s without a byte', () => {
    expect([limits.requestHeadersMs, limits.requestMs, limits.requestIdleMs]).toEqual([10_000, 60_000, 15_000]);
  });

  it('who does not finish the head is cut, and healthy callers are served meanwhile', async () => {
    const one = await open({ headersMs: 60, checkMs: 10 });
    const slow = await Promise.all(Array.from({ length: 50 }, () => dial(one.port)));
    for (const socket of slow) socket.resume().write('POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-slow: ');
    expect((await one.send('/v1/chat/completions', { body: hello })).status).toBe(200);
    await Promise.all(slow.filter(({ closed }) => !closed).map((socket) => once(socket, 'close')));
  });

  it('who stops in the middle of the body is cut after a time without a byte', async () => {
    const one = await open({ idleMs: 50 });
    const socket = (await dial(one.port)).resume();
    socket.write(head('content-length: 1000') + '{"model":');
    await once(socket, 'close');
    expect(one.house.providers.arrivals).toEqual([]);
  });

  it('connections over the bound of an address are closed, those within are served', async () => {
    const one = await open({ connectionsPerAddress: 3 });
    const kept = await Promise.all([dial(one.port), dial(one.port), dial(one.port)]);
    const over = (await dial(one.port)).resume();
    await once(over, 'close');
    kept[0].end();
    kept[0].resume();
    await once(kept[0], 'close');
    expect((await one.send('/v1/chat/completions', { body: hello })).status).toBe(200);
  });
});

describe('H4: a caller that does not read', () => {
  it('holds back the provider, is cut, and leaves an outcome that says so', async () => {
    const pieces = Array.from({ length: 800 }, () => 'word '.repeat(13_000));
    let pulled = 0;
    const house = new House({ realTime: true, script: () => ({ pieces }) });
    const { providers } = house.ports;
    Object.assign(house.ports, {
      providers: {
        call: async (...call: Parameters<typeof providers.call>) => {
          const called = await providers.call(...call);
          if (!called.ok) return called;
          const { events } = called.value;
          async function* counted(): AsyncGenerator {
            for await (const event of events) {
              pulled += 1;
              yield event;
            }
          }
          return { ok: true, value: { ...called.value, events: counted() } };
        },
      },
    });
    // A local socket, because the kernel keeps tens of megabytes for a TCP connection that nobody reads.
    const path = join(mkdtempSync(join(tmpdir(), 'writ-door-')), 'socket');
    const one = await openDoorOf(house, { drainMs: 100 }, path);
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.pause();
    const stream = JSON.stringify({ ...(JSON.parse(hello) as object), stream: true });
    socket.write(head(`content-length: ${stream.length}`) + stream);
    await eventually(
      () => expect((house.store.leaves.get(tenantA) ?? []).map((leaf) => leaf.kind)).toContain('outcome'),
      30_000,
    );
    // What the two sockets hold, and 256 KiB; never the 50 MB.
    expect(pulled).toBeLessThan(40);
    const outcome = (house.store.leaves.get(tenantA) ?? []).map(payloadOf).find((one_) => one_['result'] !== undefined);
    expect(outcome).toMatchObject({ result: 'caller-disconnected' });
    expect(house.settled).toHaveLength(1);
    socket.destroy();
    await one.close();
  });
});

describe('what is said in headers', () => {
  it('H17: no name can break a header: line breaks, controls and lone surrogates are encoded', () => {
    const evil = 'a\r\nx-evil: 1\u0000\ud800é';
    const headers = headersOf('r', {
      policy: evil,
      endpoint: evil,
      rules: [evil],
      classes: [evil],
      markers: [evil],
      limits: { 'x-l': evil },
    });
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
    expect(Object.keys(headers)).not.toContain('x-evil');
  });

  it('H17: a model that names itself with a line break changes no header', async () => {
    const house = new House({ realTime: true, script: () => ({ pieces: ['a\r\nx-writ-decision: forged\r\n\r\n'] }) });
    const one = await openDoorOf(house);
    const answer = await one.send('/v1/chat/completions', { body: hello });
    expect(answer.headers['x-writ-decision']).not.toBe('forged');
    await one.close();
  });

  it('H18: a tenant over its rate gets 429 with Retry-After, recorded as a deny, and no provider is asked', async () => {
    const house = new House({ realTime: true });
    Object.assign(house.ports, {
      limits: {
        ...house.ports.limits,
        reserve: () => Promise.resolve({ ok: false, error: refuse('rate-limited', { retryAfterSeconds: 7 }) }),
      },
    });
    const one = await openDoorOf(house);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => one.send('/v1/chat/completions', { body: hello })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([429]));
    expect(new Set(answers.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['7']));
    expect(house.store.leaves.get(tenantA)).toHaveLength(200);
    expect(house.providers.arrivals).toEqual([]);
    await one.close();
  });
});

describe('a secret in disguise', () => {
  const key = 'AKIAQ3EGVWLZ7JTBN4XM';
  const fullWidth = Array.from(key)
    .map((one) => String.fromCodePoint(one.codePointAt(0)! + 0xfee0))
    .join('');
  it.each([
    ['with zero-width spaces', Array.from(key).join('\u200b')],
    ['in full width', fullWidth],
    ['in base64', Buffer.from(`the key is ${key} for you`).toString('base64')],
    ['in hex', Buffer.from(`the key is ${key} for you`).toString('hex')],
    [
      'in base64 of base64',
      Buffer.from(Buffer.from(`the key is ${key} for you`).toString('base64')).toString('base64'),
    ],
    [
      'in HTML entities',
      Array.from(key)
        .map((one) => `&#${one.codePointAt(0)};`)
        .join(''),
    ],
    [
      'percent-encoded',
      Array.from(key)
        .map((one) => `%${one.codePointAt(0)!.toString(16)}`)
        .join(''),
    ],
  ])('C2: %s is found, and the request denied', async (_, disguised) => {
    const before = arrivals();
    const answer = await door.send('/v1/chat/completions', { body: body(`Use ${disguised} to list the buckets.`) });
    expect([answer.status, arrivals()]).toEqual([403, before]);
  });

  it('H20: text that is hostile to patterns is classified in time or denied; the process serves on', async () => {
    const hostile = [
      'a'.repeat(200_000),
      `${'a'.repeat(50_000)}!`,
      `${'<'.repeat(20_000)}x`,
      '1'.repeat(100_000),
      `${' '.repeat(100_000)}@`,
    ];
    for (const text of hostile)
      expect([200, 403, 413]).toContain((await door.send('/v1/chat/completions', { body: body(text) })).status);
    expect((await door.send('/v1/chat/completions', { body: hello })).status).toBe(200);
  }, 60_000);
});

it('H8, H10: prototype keys anywhere are refused with their place', async () => {
  for (const odd of [
    '{"__proto__":{"x":1},"model":"fast","messages":[]}',
    '{"model":"fast","messages":[{"role":"user","content":"x","constructor":{"prototype":{}}}]}',
  ]) {
    const answer = await door.send('/v1/chat/completions', { headers: goodHeaders, body: odd });
    expect(answer.status).toBe(400);
  }
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});
