import { err, limits, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.js';
import { broken, DeadlinePassed, faultOfBody, faultOfCall } from './fault.js';

/** Each phase has its own patience. Connecting has the dispatcher's. */
export interface Deadlines {
  readonly headersMs: number;
  readonly firstMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

export const standardDeadlines: Deadlines = {
  headersMs: limits.upstreamHeadersMs,
  firstMs: limits.upstreamHeadersMs,
  idleMs: limits.upstreamIdleMs,
  totalMs: limits.upstreamTotalMs,
};

export interface Sending {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly deadlines: Deadlines;
}

export interface Arrived {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Read once. Breaks with a `BrokenAnswer`. Counts bytes and keeps the deadlines. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Gives the connection back: reads a little that may follow the end, else closes. */
  finish(): void;
  /** Closes the connection: what came over it cannot be trusted, so it is not used again. */
  discard(): void;
}

/** One POST. Never follows a redirect, never accepts a content coding, never outlives its deadlines. */
export async function send(dispatcher: Dispatcher, sending: Sending): Promise<Result<Arrived, ProviderFault>> {
  const { url, signal, deadlines } = sending;
  const exchange = new Exchange();
  const timers = startTimers(exchange, deadlines);
  const hangUp = (): void => exchange.abort(signal.reason);
  if (signal.aborted) hangUp();
  signal.addEventListener('abort', hangUp, { once: true });
  const release = (): void => {
    timers.stop();
    signal.removeEventListener('abort', hangUp);
  };
  try {
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: { ...sending.headers, 'accept-encoding': 'identity', 'user-agent': 'writ' },
        body: sending.body,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      exchange,
    );
    const { status, headers } = await exchange.head;
    timers.wait('first');
    return ok({
      status,
      headers,
      chunks: readBody(exchange, timers, release),
      finish: () => exchange.finish(),
      discard: () => {
        release();
        exchange.abort(new Error('discarded'));
      },
    });
  } catch (error) {
    release();
    return err(faultOfCall(error));
  }
}

/**
 * The body, read once. No generator: a stream of a hundred events would pay three turns of the promise queue for each. While the
 * reader is busy with a chunk the clock stands still.
 */
function readBody(exchange: Exchange, timers: Timers, release: () => void): AsyncIterable<Uint8Array> {
  let bytes = 0;
  let hasBegun = false;
  let isOver = false;
  const end = (): IteratorResult<Uint8Array, undefined> => {
    isOver = true;
    release();
    return { done: true, value: undefined };
  };
  const breakOff = (error: unknown): never => {
    end();
    throw faultOfBody(error);
  };
  const take = (chunk: Uint8Array | undefined): IteratorResult<Uint8Array, undefined> => {
    if (!chunk || isOver) return end();
    bytes += chunk.length;
    if (bytes > limits.upstreamBodyBytes) return breakOff(broken('too-large'));
    hasBegun = true;
    timers.stopWaiting();
    return { done: false, value: chunk };
  };
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next() {
      if (isOver) return Promise.resolve(end());
      if (hasBegun) timers.wait('idle');
      return exchange.next().then(take, breakOff);
    },
    return: () => Promise.resolve(end()),
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

interface Timers {
  /** Starts waiting for the next thing; the clock stands still while the reader is busy. */
  wait(what: 'first' | 'idle'): void;
  stopWaiting(): void;
  stop(): void;
}

function startTimers(exchange: Exchange, { totalMs, headersMs, firstMs, idleMs }: Deadlines): Timers {
  const patienceMs = { headers: headersMs, first: firstMs, idle: idleMs };
  const startedMs = performance.now();
  let waitsFor: keyof typeof patienceMs | undefined = 'headers';
  let waitsSinceMs = startedMs;
  let dueAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const setFor = (now: number, ms: number): void => {
    clearTimeout(timer);
    dueAtMs = now + ms;
    timer = setTimeout(look, Math.ceil(ms));
  };
  /** One timer for all deadlines, which is left alone: when it fires it asks how long the wait has been. */
  const look = (): void => {
    const now = performance.now();
    const totalLeftMs = totalMs - (now - startedMs);
    const leftMs = waitsFor === undefined ? idleMs : patienceMs[waitsFor] - (now - waitsSinceMs);
    if (totalLeftMs <= 0) exchange.abort(new DeadlinePassed('total'));
    else if (waitsFor !== undefined && leftMs <= 0) exchange.abort(new DeadlinePassed(waitsFor));
    else setFor(now, Math.min(leftMs, totalLeftMs));
  };
  setFor(startedMs, Math.min(headersMs, totalMs));
  return {
    wait(what) {
      waitsFor = what;
      waitsSinceMs = performance.now();
      if (timer && waitsSinceMs + patienceMs[what] < dueAtMs) setFor(waitsSinceMs, patienceMs[what]);
    },
    stopWaiting() {
      waitsFor = undefined;
    },
    stop() {
      waitsFor = undefined;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
