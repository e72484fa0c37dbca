import { limits, refuse, type AnswerEvent, type Refusal, type Result } from '@writ/domain';
import type { AnswerInspector } from '@writ/classification';
import type { Receipt, SegmentRecord } from '@writ/ledger';
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

interface Pending {
  readonly window: Window;
  readonly receipt: Promise<Result<Receipt<SegmentRecord>, Refusal>>;
}

type Happening =
  | { readonly kind: 'event'; readonly next: IteratorResult<AnswerEvent> }
  | { readonly kind: 'broken'; readonly error: unknown }
  | { readonly kind: 'committed' }
  | { readonly kind: 'time' };

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
  /** Encoded only when the answer ends: what tells the caller that it is complete. */
  #closingEvents: AnswerEvent[] = [];
  #head: AnswerEvent[];
  #next: Promise<Happening> | undefined;
  #timer: { readonly fired: Promise<Happening>; cancel(): void } | undefined;
  #lastEventMs = 0;
  #handedBytes = 0;
  #ended = false;

  constructor(
    readonly exchange: Exchange,
    readonly opened: Opened,
    readonly encoder: AnswerEncoder,
    readonly inspector: AnswerInspector,
    readonly hangUp: AbortSignal,
  ) {
    this.#cutter = new WindowCutter(exchange.held.digestKey);
    this.#head = [...opened.head];
    const markers = exchange.permit?.record.decision.obligations.response.markers ?? [];
    this.#marker = new TextMarker(markers, exchange.ask);
    this.#whole = !exchange.ask.stream || exchange.permit?.record.decision.obligations.response.mode === 'full';
  }

  async *steps(): AsyncGenerator<Step, void, undefined> {
    try {
      for (;;) {
        const happening = await this.#happens();
        const problem = happening.kind === 'event' ? this.#take(happening.next) : this.#observe(happening);
        if (problem === 'ended') {
          yield* this.#finish();
          return;
        }
        const failed =
          problem ??
          (this.hangUp.aborted ? refuse('provider-unavailable', { detail: 'caller-disconnected' }) : undefined);
        if (failed) {
          yield await this.#fail(failed);
          return;
        }
        this.#cutWhatIsDue();
        if (happening.kind === 'committed') yield* this.#releaseOldest();
        if (this.exchange.closed) return;
      }
    } catch (error) {
      if (!this.exchange.closed) await close(this.exchange, this.#closing('indeterminate'));
      throw error;
    } finally {
      this.#timer?.cancel();
      // An answer that ended as it should leaves its connection to the next request.
      if (!this.#ended) this.opened.stop();
      await this.opened.rest.return?.();
      if (!this.exchange.closed) await close(this.exchange, this.#closing('caller-disconnected'));
    }
  }

  /** The first of: an event arrived, the oldest window's record is committed, the open window grew due or the upstream silent. */
  #happens(): Promise<Happening> {
    const first = this.#head.shift();
    if (first) return Promise.resolve({ kind: 'event', next: { done: false, value: first } });
    const waits: Promise<Happening>[] = [];
    const oldest = this.#pending[0];
    if (oldest) waits.push(oldest.receipt.then(() => ({ kind: 'committed' as const })));
    if (this.#cutter.size < this.#bufferLimit()) waits.push((this.#next ??= this.#read()));
    if (!this.#whole) waits.push(this.#time());
    return Promise.race(waits);
  }

  #bufferLimit(): number {
    return this.#whole ? limits.upstreamBodyBytes : limits.streamBufferBytes;
  }

  async #read(): Promise<Happening> {
    try {
      return { kind: 'event', next: await this.opened.rest.next() };
    } catch (error) {
      return { kind: 'broken', error };
    }
  }

  #time(): Promise<Happening> {
    if (!this.#timer) {
      const due = this.#cutter.dueInMs(this.exchange.ports.clock.monotonicMs()) ?? limits.windowSilenceMs;
      const timer = this.exchange.ports.clock.after(Math.max(1, Math.min(due, limits.windowSilenceMs)));
      this.#timer = { fired: timer.elapsed.then(() => ({ kind: 'time' as const })), cancel: () => timer.cancel() };
    }
    return this.#timer.fired;
  }

  #observe(happening: Exclude<Happening, { kind: 'event' }>): Refusal | undefined {
    if (happening.kind === 'broken') {
      this.#next = undefined;
      if (isProviderFailure(happening.error)) return refusalOf(happening.error.fault);
      throw happening.error;
    }
    if (happening.kind === 'time') {
      this.#timer = undefined;
      if (this.exchange.ports.clock.monotonicMs() - this.#lastEventMs >= limits.windowSilenceMs)
        return this.#inspected(this.inspector.flush(false));
    }
    return undefined;
  }

  #take(next: IteratorResult<AnswerEvent>): Refusal | 'ended' | undefined {
    this.#next = undefined;
    if (next.done === true) return refuse('provider-protocol', { detail: 'broken-stream' });
    this.#lastEventMs = this.exchange.ports.clock.monotonicMs();
    const event = this.#tally.take(next.value);
    const from = this.exchange.ports.clock.monotonicMs();
    const withheld = this.#inspected(this.inspector.push(event));
    addPhase(this.exchange, 'inspect', this.exchange.ports.clock.monotonicMs() - from);
    this.#ended = event.terminal;
    if (withheld || !event.terminal) return withheld;
    return this.#inspected(this.inspector.flush(true)) ?? 'ended';
  }

  #inspected(inspected: { readonly events: readonly AnswerEvent[]; readonly withheld?: string }): Refusal | undefined {
    if (inspected.withheld !== undefined) return refuse('answer-withheld', { detail: inspected.withheld });
    for (const event of inspected.events.map((one) => this.#marker.mark(one))) {
      if (this.#whole || closes(event)) this.#closingEvents.push(event);
      else this.#cutter.add(this.encoder.encode(event), this.exchange.ports.clock.monotonicMs());
    }
    return undefined;
  }

  #cutWhatIsDue(): void {
    const due = this.#cutter.dueInMs(this.exchange.ports.clock.monotonicMs());
    const silent = this.exchange.ports.clock.monotonicMs() - this.#lastEventMs >= limits.windowSilenceMs;
    if (due === undefined || (due > 0 && !silent) || this.#pending.length >= limits.windowsInFlight) return;
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
    this.#pending.push({ window, receipt: commit(this.exchange, record, segmentLevel(this.exchange)) });
  }

  /** Yields the oldest window under its receipt, or ends the answer when its record could not be committed. */
  async *#releaseOldest(): AsyncGenerator<Step, void, undefined> {
    const oldest = this.#pending.shift();
    if (!oldest) return;
    const receipt = await oldest.receipt;
    if (!receipt.ok) {
      yield await this.#fail(receipt.error);
      return;
    }
    this.#handedBytes += oldest.window.bytes.length;
    yield { kind: 'window', released: release(oldest.window.bytes, receipt.value), last: false };
  }

  async *#finish(): AsyncGenerator<Step, void, undefined> {
    while (this.#pending.length > 0) {
      yield* this.#releaseOldest();
      if (this.exchange.closed) return;
    }
    for (const event of this.#closingEvents)
      this.#cutter.add(this.encoder.encode(event), this.exchange.ports.clock.monotonicMs());
    const window = this.#cutter.cut();
    const outcome = await close(this.exchange, this.#closing('completed'));
    if (!outcome.ok) {
      yield { kind: 'failure', refusal: outcome.error };
      return;
    }
    yield { kind: 'window', released: release(window.bytes, outcome.value), last: true };
  }

  async #fail(refusal: Refusal): Promise<Step> {
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

/** An event that tells the caller the answer is complete; it waits for the outcome. Usage beside content does not. */
function closes(event: AnswerEvent): boolean {
  if (event.terminal || event.parts.some((part) => part.kind === 'finish')) return true;
  return event.parts.length > 0 && event.parts.every((part) => part.kind === 'usage');
}
