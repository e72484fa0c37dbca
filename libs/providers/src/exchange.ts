import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

const afterTerminalBytes = 16 * 1024;
const afterTerminalMs = 1_000;
/** What may wait unread before the provider is paused. */
const heldBytes = 64 * 1024;

interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** One request under way, as undici's `dispatch` tells it: half the cost of its streams, and nothing between us and the bytes. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #head = Promise.withResolvers<Head>();
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Who waits for the next chunk. */
  #reader: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  /** Bytes that may still be thrown away; undefined while somebody reads. */
  #throwAway: number | undefined;
  #patience: NodeJS.Timeout | undefined;

  /** Status and headers; rejects with why there are none. */
  get head(): Promise<Head> {
    return this.#head.promise;
  }

  /** A chunk that is here already. */
  #take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (!chunk) return undefined;
    this.#held -= chunk.length;
    if (this.#held < heldBytes && this.#controller?.paused === true) this.#controller.resume();
    return chunk;
  }

  /** The next chunk; undefined at the end. Rejects with why the body broke. */
  next(): Promise<Uint8Array | undefined> {
    const reader = Promise.withResolvers<Uint8Array | undefined>();
    this.#reader = reader;
    this.#serve();
    return reader.promise;
  }

  /** Gives the reader, if one waits, what there is. */
  #serve(): void {
    const reader = this.#reader;
    if (!reader) return;
    const chunk = this.#take();
    if (!chunk && !this.#failure && !this.#ended) return;
    this.#reader = undefined;
    if (!chunk && this.#failure) reader.reject(this.#failure.reason);
    else reader.resolve(chunk);
  }

  /** Ends it wherever it is, and closes its connection. Harmless after the end. */
  abort(reason: unknown): void {
    if (this.#ended || this.#failure) return;
    this.#fail(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted'));
  }

  /** Reads what may follow the end, so that the connection can serve again; too much or too late, it is closed. */
  finish(): void {
    if (this.#ended || this.#failure) return;
    this.#throwAway = afterTerminalBytes - this.#held;
    this.#chunks = [];
    this.#held = 0;
    this.#patience = setTimeout(() => this.abort(new Error('the body went on after its end')), afterTerminalMs);
    if (this.#controller?.paused === true) this.#controller.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up before it began.
    if (this.#failure) controller.abort(new Error('aborted'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // RFC 9110: an interim answer is not the answer.
    if (status >= 200) this.#head.resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#failure) return;
    if (this.#throwAway !== undefined) {
      this.#throwAway -= chunk.length;
      if (this.#throwAway < 0) this.abort(new Error('the body went on after its end'));
      return;
    }
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held >= heldBytes) controller.pause();
    this.#serve();
  }

  onResponseEnd(): void {
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#serve();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error);
  }

  #fail(reason: unknown): void {
    if (this.#failure) return;
    this.#failure = { reason };
    clearTimeout(this.#patience);
    this.#head.reject(reason);
    // Nobody may be waiting for the head any more.
    this.#head.promise.catch(() => undefined);
    this.#serve();
  }
}
