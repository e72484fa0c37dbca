import { limits, refuse, type AnswerEvent, type Refusal, type Result } from '@writ/domain';
import type { Inspected, LongAnswerInspector } from '@writ/classification';
import type { Receipt, SegmentRecord } from '@writ/ledger';
import { Arrivals, type Awaited, type Happening } from './arrivals.js';
import { close, resultOf } from './close.js';
import { isProviderFailure, refusalOf, type Opened } from './dispatch.js';
import { addPhase, commit, segmentLevel, type Exchange } from './exchange.js';
import { TextMarker } from './marker.js';
import type { AnswerEncoder } from './ports.js';
import { release, type Released } from './release.js';
import { AnswerTally } from './tally.js';
import { WindowCutter, type Window } from './windows.js';

/** The next thing to write to the socket: a released window, or the constant event that ends a failed answer. */
export type Step =
  | { readonly kind: 'window'; readonly released: Released; readonly last: boolean }
  | { readonly kind: 'failure'; readonly refusal: Refusal };

/** Why the answer ends here, that it came to its end, or nothing. */
type Took = Refusal | 'ended' | undefined;

/** Why nothing further may leave, if so. */
type Withheld = Refusal | undefined;

interface Pending {
  readonly window: Window;
  readonly receipt: Promise<Result<Receipt<SegmentRecord>, Refusal>>;
  /** True once the receipt, or why there is none, is known. */
  isSettled: boolean;
}

/**
 * Steps 11 and 12 of one answer: inspect, cut into windows, commit each, release it. Property P: every byte of a model
 * that is yielded lies in a window whose record is committed. Finish reason, usage and the terminal event form the last
 * window; its record is the outcome. Ending the iteration early commits the outcome all the same.
 */
export class AnswerRelease {
  readonly #cutter: WindowCutter;
  readonly #tally = new AnswerTally();
  readonly #whole: boolean;
  readonly #marker: TextMarker;
  #pending: Pending[] = [];
  /** Events of the open window; they are inspected together when it is due. */
  #waiting: AnswerEvent[] = [];
  /** Encoded only when the answer ends: what tells the caller that it is complete. */
  #closingEvents: AnswerEvent[] = [];
  readonly #arrivals: Arrivals;
  #lastEventMs = 0;
  #handedBytes = 0;
  #ended = false;

  constructor(
    readonly exchange: Exchange,
    readonly opened: Opened,
    readonly encoder: AnswerEncoder,
    readonly inspector: LongAnswerInspector,
    readonly hangUp: AbortSignal,
  ) {
    this.#cutter = new WindowCutter(exchange.held.digestKey);
    this.#arrivals = new Arrivals(opened.head, opened.rest, exchange.ports.clock);
    const markers = exchange.permit?.record.decision.obligations.response.markers ?? [];
    this.#marker = new TextMarker(markers, exchange.ask);
    this.#whole = !exchange.ask.stream || exchange.permit?.record.decision.obligations.response.mode === 'full';
  }

  async *steps(): AsyncGenerator<Step, void, undefined> {
    const awaited = (): Awaited => this.#awaited();
    try {
      for (;;) {
        // What is here already is not waited for: an answer has many events, and each wait is a turn of the promise queue.
        const next = this.#arrivals.next(awaited);
        const happening = next instanceof Promise ? await next : next;
        const taken = happening.kind === 'event' ? this.#take(happening.next) : this.#observe(happening);
        const problem = taken instanceof Promise ? await taken : taken;
        if (problem === 'ended') {
          while (this.#pending.length > 0) {
            yield await this.#oldest();
            if (this.exchange.closed) return;
          }
          yield await this.#finish();
          return;
        }
        const failed =
          problem ??
          (this.hangUp.aborted ? refuse('provider-unavailable', { detail: 'caller-disconnected' }) : undefined);
        if (failed) {
          yield await this.#fail(failed);
          return;
        }
        // What came before the first content leaves with it.
        const withheld = !this.#arrivals.hasHead && this.#isDue() ? await this.#cut() : undefined;
        if (withheld) {
          yield await this.#fail(withheld);
          return;
        }
        if (happening.kind === 'committed') yield await this.#oldest();
        if (this.exchange.closed) return;
      }
    } catch (error) {
      if (!this.exchange.closed) await close(this.exchange, this.#closing('indeterminate'));
      throw error;
    } finally {
      this.#arrivals.cancel();
      // An answer that ended as it should leaves its connection to the next request.
      if (!this.#ended) this.opened.stop();
      await this.opened.rest.return?.();
      if (!this.exchange.closed) await this.#abandon();
    }
  }

  /** What may happen next: an event, the commit of the oldest window, the moment at which the open window is due or the upstream silent. */
  #awaited(): Awaited {
    return {
      isCommitted: this.#pending[0]?.isSettled === true,
      mayRead: this.#cutter.size < this.#bufferLimit(),
      dueInMs: this.#whole ? undefined : this.#dueInMs(),
    };
  }

  #dueInMs(): number {
    const due = this.#cutter.dueInMs(this.exchange.ports.clock.monotonicMs()) ?? limits.windowSilenceMs;
    return Math.max(1, Math.min(due, limits.windowSilenceMs));
  }

  #bufferLimit(): number {
    return this.#whole ? limits.upstreamBodyBytes : limits.streamBufferBytes;
  }

  #observe(happening: Exclude<Happening, { kind: 'event' }>): Refusal | undefined {
    if (happening.kind !== 'broken') return undefined;
    if (isProviderFailure(happening.error)) return refusalOf(happening.error.fault);
    throw happening.error;
  }

  #take(next: IteratorResult<AnswerEvent>): Took | Promise<Took> {
    if (next.done === true) return refuse('provider-protocol', { detail: 'broken-stream' });
    this.#lastEventMs = this.exchange.ports.clock.monotonicMs();
    const event = this.#tally.take(next.value);
    this.#waiting.push(event);
    this.#cutter.expect(sizeOf(event), this.#lastEventMs);
    this.#ended = event.terminal;
    if (event.terminal) return this.#takeLast();
    // Where no window may leave yet it is inspected all the same: never more than a window's size in one piece.
    return this.#cutter.expected >= limits.windowBytes ? this.#inspectWaiting() : undefined;
  }

  async #takeLast(): Promise<Took> {
    const waiting = this.#inspectWaiting();
    const withheld = waiting instanceof Promise ? await waiting : waiting;
    if (withheld) return withheld;
    const rest = this.#inspect(() => this.inspector.flush(true));
    return (rest instanceof Promise ? await rest : rest) ?? 'ended';
  }

  #inspectWaiting(): Withheld | Promise<Withheld> {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.length === 0 ? undefined : this.#inspect(() => this.inspector.push(...waiting));
  }

  /** Nothing else of this answer happens while it is waited for: what comes meanwhile, and commits that end, are seen to after it. */
  #inspect(look: () => Inspected | Promise<Inspected>): Withheld | Promise<Withheld> {
    const from = this.exchange.ports.clock.monotonicMs();
    const looked = look();
    return looked instanceof Promise
      ? looked.then((late) => this.#inspected(late, from))
      : this.#inspected(looked, from);
  }

  #inspected({ events, withheld }: Inspected, from: number): Withheld {
    const now = this.exchange.ports.clock.monotonicMs();
    addPhase(this.exchange, 'inspect', now - from);
    if (withheld !== undefined) return refuse('answer-withheld', { detail: withheld });
    const leaving: Uint8Array[] = [];
    for (const one of events) {
      const event = this.#marker.mark(one);
      if (this.#whole || closes(event)) this.#closingEvents.push(event);
      else leaving.push(this.encoder.encode(event));
    }
    this.#cutter.add(leaving, now);
    return undefined;
  }

  /** By its age or size, or after silence, as long as not too many windows wait for their records. */
  #isDue(): boolean {
    const now = this.exchange.ports.clock.monotonicMs();
    const due = this.#cutter.dueInMs(now);
    if (due === undefined || this.#pending.length >= limits.windowsInFlight) return false;
    return due <= 0 || now - this.#lastEventMs >= limits.windowSilenceMs;
  }

  /** A window is inspected as a whole before its record is made; what must not leave ends the answer. */
  async #cut(): Promise<Refusal | undefined> {
    const withheld = await this.#inspectWaiting();
    if (withheld || this.#cutter.size === 0) return withheld;
    const window = this.#cutter.cut();
    const record: SegmentRecord = {
      kind: 'segment',
      id: this.exchange.ports.ids.recordId(),
      request: this.exchange.ask.request,
      decisionLeaf: this.exchange.permit?.leafHash ?? '',
      window: window.number,
      from: window.from,
      to: window.to,
      events: window.events,
      digest: window.digest,
    };
    this.#await(window, commit(this.exchange, record, segmentLevel(this.exchange)));
    return undefined;
  }

  #await(window: Window, receipt: Pending['receipt']): void {
    const pending: Pending = { window, receipt, isSettled: false };
    const settle = (): void => {
      pending.isSettled = true;
      this.#arrivals.wake();
    };
    // A commit that throws is thrown where its receipt is asked for.
    receipt.then(settle, settle);
    this.#pending.push(pending);
  }

  /** The oldest window under its receipt, or the end of the answer when its record could not be committed. */
  async #oldest(): Promise<Step> {
    const oldest = this.#pending.shift();
    if (!oldest) throw new Error('no window waits for its record');
    const receipt = await oldest.receipt;
    if (!receipt.ok) return await this.#fail(receipt.error);
    this.#handedBytes += oldest.window.bytes.length;
    return { kind: 'window', released: release(oldest.window.bytes, receipt.value), last: false };
  }

  async #finish(): Promise<Step> {
    const closing = this.#closingEvents.map((event) => this.encoder.encode(event));
    this.#cutter.add(closing, this.exchange.ports.clock.monotonicMs());
    const window = this.#cutter.cut();
    const outcome = await close(this.exchange, this.#closing('completed'));
    if (!outcome.ok) return { kind: 'failure', refusal: outcome.error };
    return { kind: 'window', released: release(window.bytes, outcome.value), last: true };
  }

  /** The caller left. Whatever the last look brings, the outcome is committed. */
  async #abandon(): Promise<void> {
    try {
      await this.#inspectWaiting();
    } finally {
      await close(this.exchange, this.#closing('caller-disconnected'));
    }
  }

  async #fail(refusal: Refusal): Promise<Step> {
    // The record tells what came and was not released, too.
    await this.#inspectWaiting();
    await close(this.exchange, { ...this.#closing(resultOf(refusal, this.hangUp)), refusal });
    return { kind: 'failure', refusal };
  }

  #closing(result: Parameters<typeof close>[1]['result']): Parameters<typeof close>[1] {
    const { text, classification, redactions } = this.inspector.summary();
    const { model, finishReason, droppedEvents } = this.#tally;
    return {
      result,
      usage: this.#tally.usage(this.exchange.ask),
      ...(model === undefined ? {} : { reportedModel: model }),
      ...(finishReason === undefined ? {} : { finishReason }),
      response: {
        text,
        bytes: this.#handedBytes + this.#cutter.size,
        windows: this.#cutter.count,
        digest: this.#cutter.digest,
        classification,
        redactions,
        droppedEvents,
      },
      handedToSocketBytes: this.#handedBytes,
    };
  }
}

/** About what an event takes in the window, before it is inspected and encoded. */
function sizeOf({ source, parts }: AnswerEvent): number {
  if (source) return source.json.length;
  return parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0) + partBytes, partBytes);
}

/** What a dialect puts around the words of a part. */
const partBytes = 128;

/** An event that tells the caller the answer is complete; it waits for the outcome. Usage beside content does not. */
function closes(event: AnswerEvent): boolean {
  if (event.terminal || event.parts.some((part) => part.kind === 'finish')) return true;
  return event.parts.length > 0 && event.parts.every((part) => part.kind === 'usage');
}
