import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliver } from './deliver.js';
import { type Fault, type Heard, Scripts, scriptSchema } from './faults.js';
import { Hooks } from './hooks.js';
import { idOf } from './model.js';
import { json, type Reply } from './reply.js';
import type { Call, Vendor } from './vendor.js';
import { anthropic } from './vendors/anthropic/index.js';
import { bedrock } from './vendors/bedrock/index.js';
import { cohere } from './vendors/cohere/index.js';
import { gemini } from './vendors/gemini/index.js';
import { googleTokens } from './vendors/gemini/tokens.js';
import { azure, mistral } from './vendors/openai/relatives.js';
import { openai } from './vendors/openai/index.js';

/** One request as it arrived. Nothing is hidden: this is a simulator, and tests assert on these bytes. */
export interface Recorded {
  readonly number: number;
  readonly arrivedAt: number;
  readonly vendor: string;
  readonly method: string;
  readonly path: string;
  readonly place: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: unknown;
  /** Requests of one connection have the same. */
  readonly connection: number;
  status: number;
  /** Events of the answer, or 1 for a whole one: where a fault can strike. */
  pieces: number;
  /** True when the other side went away before the answer ended. */
  aborted: boolean;
  finishedAt: number | undefined;
}

/** What the control routes beyond scripts and requests do; undefined when there is no such route. */
export type Control = (method: string, path: string, body: unknown) => Promise<Reply | undefined>;

const vendors: readonly Vendor[] = [openai, anthropic, gemini, bedrock, cohere, azure, mistral, googleTokens];

/** Every vendor behind one address. `/at/<place>` in front of a path is the same vendor under another address. */
export class ModelsServer {
  readonly scripts = new Scripts();
  readonly recorded: Recorded[] = [];
  readonly hooks = new Hooks();
  readonly #server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    response.on('error', () => undefined);
    this.#handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  get url(): string {
    return urlOf(this.#server);
  }

  start(port: number): Promise<void> {
    return listen(this.#server, port);
  }

  stop(): Promise<void> {
    return close(this.#server);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = Date.now();
    const text = await read(request);
    const url = new URL(request.url ?? '/', 'http://simulator');
    const method = request.method ?? 'GET';
    if (url.pathname.startsWith('/_control/')) {
      return deliver(await this.#controlled(method, url.pathname, parse(text)), [], response);
    }
    const taken = method === 'POST' ? this.hooks.take(url.pathname, request.headers, text) : undefined;
    if (taken) return deliver(taken, [], response);
    const [, place = '', path = '/'] = /^(?:\/at\/([^/]+))?(\/.*)$/.exec(url.pathname) ?? [];
    const call: Call = { method, path, query: url.searchParams, headers: request.headers, text, body: parse(text) };
    const vendor = vendors.find((candidate) => candidate.owns(path));
    const entry = this.#record(call, place, vendor, arrivedAt, request.socket.remotePort ?? 0);
    response.once('close', () => {
      entry.aborted = !response.writableEnded;
      entry.finishedAt = Date.now();
    });
    return this.#serve(call, vendor, entry, response);
  }

  async #serve(call: Call, vendor: Vendor | undefined, entry: Recorded, response: ServerResponse): Promise<void> {
    const { path, text } = call;
    const { model, place } = entry;
    const heard: Heard = { path, model, place, key: vendor?.keyOf(call.headers) ?? '', body: text };
    const directions = this.scripts.take(heard);
    const status = directions.faults.find((fault) => fault.kind === 'status');
    const plain =
      (await vendor?.answer(call, directions)) ?? json(404, { error: { message: `No such path: ${path}` } });
    const reply = status && vendor ? failWith(vendor, status) : plain;
    const headers = { 'x-request-id': idOf('req_', path, text), ...reply.headers };
    entry.status = reply.status;
    entry.pieces = reply.pieces.length;
    await deliver({ ...reply, headers }, directions.faults, response);
  }

  #record(call: Call, place: string, vendor: Vendor | undefined, arrivedAt: number, connection: number): Recorded {
    const entry: Recorded = {
      number: this.recorded.length + 1,
      arrivedAt,
      vendor: vendor?.name ?? 'unknown',
      method: call.method,
      path: call.path,
      place,
      model: vendor?.modelOf(call) ?? '',
      headers: Object.fromEntries(Object.entries(call.headers).map(([name, value]) => [name, String(value)])),
      text: call.text,
      body: call.body,
      connection,
      status: 0,
      pieces: 0,
      aborted: false,
      finishedAt: undefined,
    };
    this.recorded.push(entry);
    return entry;
  }

  async #controlled(method: string, path: string, body: unknown): Promise<Reply> {
    try {
      const hook = /^\/_control\/hooks\/([\w-]{1,64})$/.exec(path)?.[1];
      if (hook !== undefined)
        return method === 'GET' ? json(200, this.hooks.ledger(hook)) : this.hooks.control(hook, body);
      switch (`${method} ${path}`) {
        case 'GET /_control/requests':
          return json(200, { requests: this.recorded });
        case 'DELETE /_control/requests':
          this.recorded.length = 0;
          return json(200, {});
        case 'POST /_control/faults':
          for (const script of [body].flat()) this.scripts.add(scriptSchema.parse(script));
          return json(200, {});
        case 'DELETE /_control/faults':
          this.scripts.clear();
          return json(200, {});
        default:
          return (
            (await this.#control(method, path, body)) ?? json(404, { error: `no such control: ${method} ${path}` })
          );
      }
    } catch (error) {
      return json(400, { error: String(error) });
    }
  }
}

function failWith(vendor: Vendor, fault: Extract<Fault, { kind: 'status' }>): Reply {
  const plain = vendor.error(fault.status, fault.code, `Simulated failure ${fault.status}.`);
  const headers = { ...plain.headers, ...(fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }) };
  if (fault.body === undefined) return { ...plain, headers };
  return { ...plain, headers, pieces: [{ bytes: Buffer.from(fault.body), phase: 'first' }] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

export async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
