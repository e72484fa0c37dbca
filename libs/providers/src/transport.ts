import { err, limits, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
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

function startTimers(exchange: Exchange, deadlines: Deadlines): Timers {
  const after = (ms: number, deadline: DeadlinePassed['deadline']): NodeJS.Timeout =>
    setTimeout(() => exchange.abort(new DeadlinePassed(deadline)), ms);
  const total = after(deadlines.totalMs, 'total');
  let phase = after(deadlines.headersMs, 'headers');
  let idle: NodeJS.Timeout | undefined;
  let waits = true;
  let waitsSinceMs = 0;
  /** A stream waits anew for each event: the timer is left alone, and asks when it fires how long the wait has been. */
  const watch = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      const leftMs = waits ? deadlines.idleMs - (performance.now() - waitsSinceMs) : deadlines.idleMs;
      if (leftMs > 0) idle = watch(leftMs);
      else exchange.abort(new DeadlinePassed('idle'));
    }, Math.ceil(ms));
  return {
    wait(what) {
      waits = true;
      clearTimeout(phase);
      waitsSinceMs = performance.now();
      if (what === 'first') phase = after(deadlines.firstMs, what);
      else idle ??= watch(deadlines.idleMs);
    },
    stopWaiting() {
      waits = false;
      clearTimeout(phase);
    },
    stop() {
      waits = false;
      clearTimeout(total);
      clearTimeout(phase);
      clearTimeout(idle);
    },
  };
}
