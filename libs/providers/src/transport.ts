import { err, limits, ok, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
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

const afterTerminalBytes = 16 * 1024;
const afterTerminalMs = 1_000;

/** One POST. Never follows a redirect, never accepts a content coding, never outlives its deadlines. */
export async function send(dispatcher: Dispatcher, sending: Sending): Promise<Result<Arrived, ProviderFault>> {
  const own = new AbortController();
  const timers = startTimers(own, sending.deadlines);
  const hangUp = (): void => own.abort(sending.signal.reason);
  if (sending.signal.aborted) hangUp();
  sending.signal.addEventListener('abort', hangUp, { once: true });
  const release = (): void => {
    timers.stop();
    sending.signal.removeEventListener('abort', hangUp);
  };
  try {
    const response = await dispatcher.request({
      origin: sending.url.origin,
      path: sending.url.pathname + sending.url.search,
      method: 'POST',
      headers: { ...sending.headers, 'accept-encoding': 'identity', 'user-agent': 'writ' },
      body: sending.body,
      signal: own.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    response.body.on('error', () => undefined);
    timers.wait('first');
    return ok({
      status: response.statusCode,
      headers: response.headers,
      chunks: readBody(response.body.iterator({ destroyOnReturn: false }), timers, release),
      finish: () => void drain(response.body),
      discard: () => {
        release();
        response.body.destroy();
      },
    });
  } catch (error) {
    release();
    return err(faultOfCall(own.signal.aborted ? own.signal.reason : error));
  }
}

/** Reads what may follow the end, so that the connection can serve again; too much or too late, it is closed. */
async function drain(body: Dispatcher.ResponseData['body']): Promise<void> {
  let left = afterTerminalBytes;
  const timer = setTimeout(() => void body.destroy(), afterTerminalMs);
  try {
    for await (const chunk of body) {
      left -= (chunk as Uint8Array).length;
      if (left < 0) return;
    }
  } catch {
    body.destroy();
  } finally {
    clearTimeout(timer);
  }
}

async function* readBody(
  body: AsyncIterable<unknown>,
  timers: Timers,
  release: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      const part = chunk as Uint8Array;
      bytes += part.length;
      if (bytes > limits.upstreamBodyBytes) throw broken('too-large');
      timers.stopWaiting();
      yield part;
      timers.wait('idle');
    }
  } catch (error) {
    throw faultOfBody(timers.passed ?? error);
  } finally {
    release();
  }
}

interface Timers {
  /** Starts waiting for the next thing; the clock stands still while the reader is busy. */
  wait(what: 'first' | 'idle'): void;
  stopWaiting(): void;
  stop(): void;
  readonly passed: DeadlinePassed | undefined;
}

function startTimers(own: AbortController, deadlines: Deadlines): Timers {
  let passed: DeadlinePassed | undefined;
  const after = (ms: number, deadline: DeadlinePassed['deadline']): NodeJS.Timeout =>
    setTimeout(() => {
      passed = new DeadlinePassed(deadline);
      own.abort(passed);
    }, ms);
  const total = after(deadlines.totalMs, 'total');
  let phase = after(deadlines.headersMs, 'headers');
  return {
    wait(what) {
      clearTimeout(phase);
      phase = after(what === 'first' ? deadlines.firstMs : deadlines.idleMs, what);
    },
    stopWaiting() {
      clearTimeout(phase);
    },
    stop() {
      clearTimeout(total);
      clearTimeout(phase);
    },
    get passed() {
      return passed;
    },
  };
}
