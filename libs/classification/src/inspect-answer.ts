import type {
  AnswerEvent,
  AnswerPart,
  Classification,
  Finding,
  Leaf,
  Obligations,
  RedactionStyle,
  Result,
} from '@writ/domain';
import { classification, type ClassifyOptions, finding } from './classify.js';
import { isQuiet, RunningComposition } from './composite.js';
import type { Candidate } from './detect/rule.js';
import { scan, type ScanResult } from './engine.js';
import { type ClearedPrompt, stylesOf } from './fulfil.js';
import { located } from './located.js';
import { jsonEscape, Restorer } from './redact/restore.js';
import { Replacer, stricter, styleOf } from './redact/styles.js';
import { MAX_FINDINGS } from './scan-leaves.js';
import { Channel, type Look, lookedThrough } from './stream/channel.js';
import { Flow, flowName, isSpoken, type SpokenPart, textOf, withText } from './stream/flow.js';
import { bundleOf, type Bundle, type Taxonomy } from './taxonomy/taxonomy.js';

export interface Inspected {
  /** What may leave now, in order, already redacted and restored. */
  readonly events: readonly AnswerEvent[];
  /** Set when a blocked class was found: nothing further may leave. */
  readonly withheld?: string;
}

/**
 * Looks at an answer on its way out, across event boundaries, with bounded hold-back. Events that are pushed together are
 * read together: each look reads the words before it too, and a stream brings a word at a time.
 */
export interface AnswerInspector {
  push(...events: readonly AnswerEvent[]): Inspected;
  /** After silence or at a terminal event: everything that may leave without more context. */
  flush(final: boolean): Inspected;
  summary(): { readonly classification: Classification; readonly redactions: number; readonly text: string };
}

/** The same where long words are read elsewhere: one look at a time, each to be waited for before the next. */
export interface LongAnswerInspector {
  push(...events: readonly AnswerEvent[]): Inspected | Promise<Inspected>;
  flush(final: boolean): Inspected | Promise<Inspected>;
  summary: AnswerInspector['summary'];
}

/** The time an answer may be read for. The clock is the caller's, and runs only between `begin` and `end`. */
export interface ReadingTime {
  begin(): void;
  end(): void;
}

export interface InspectOptions extends Omit<ClassifyOptions, 'memory'> {
  /** Told when reading begins and ends, so that `expired` counts reading and not waiting for the model. */
  readonly reading?: ReadingTime;
}

export interface LongInspectOptions extends InspectOptions {
  /** Longer texts are read elsewhere. */
  readonly inlineCharacters: number;
  /** Reads a text on a thread; why it was not read, otherwise. Meanwhile the time of `reading` does not run. */
  readonly elsewhere: (text: string) => Promise<Result<ScanResult, string>>;
}

/**
 * Fails closed as prompts do: when the time is spent, or a detector fails, the answer is incomplete, and where something
 * had to be redacted or blocked nothing further of it may leave.
 */
export function inspectAnswer(
  obligations: Obligations,
  prompt: ClearedPrompt,
  taxonomy: Taxonomy,
  options: InspectOptions,
): AnswerInspector {
  const inspector = new Inspector(obligations, prompt, bundleOf(taxonomy), options);
  return {
    push: (...events) => inspector.here(inspector.push(events)),
    flush: (final) => inspector.here(inspector.flush(final)),
    summary: () => inspector.summary(),
  };
}

/** The same, but texts that would hold this thread for long are read elsewhere, in the same order and by the same rules. */
export function inspectLongAnswer(
  obligations: Obligations,
  prompt: ClearedPrompt,
  taxonomy: Taxonomy,
  options: LongInspectOptions,
): LongAnswerInspector {
  const inspector = new Inspector(obligations, prompt, bundleOf(taxonomy), options);
  return {
    push: (...events) => inspector.whereItFits(inspector.push(events), options),
    flush: (final) => inspector.whereItFits(inspector.flush(final), options),
    summary: () => inspector.summary(),
  };
}

/** Characters of a flow that is only read that are read in one look. */
const PIECE = 1_024;

class Inspector {
  readonly #flows = new Map<string, Flow>();
  readonly #findings: Finding[] = [];
  readonly #incomplete = new Set<string>();
  readonly #styles;
  readonly #block;
  readonly #replacer;
  readonly #restorer;
  readonly #released: string[] = [];
  /** Nothing to redact, to block or to restore: the answer is only read, and nothing is held. */
  readonly #isPassive: boolean;
  readonly #composition = new RunningComposition<Candidate>();
  #redactions = 0;
  #characters = 0;
  #withheld: string | undefined;

  constructor(
    obligations: Obligations,
    prompt: ClearedPrompt,
    private readonly bundle: Bundle,
    private readonly options: InspectOptions,
  ) {
    this.#styles = stylesOf(obligations.response.redactions);
    this.#block = new Set(obligations.response.block);
    this.#replacer = new Replacer(options.digestKey);
    this.#restorer = new Restorer(prompt.restorations);
    this.#isPassive = this.#styles.size === 0 && this.#block.size === 0 && this.#restorer.isEmpty;
    for (const part of options.attachments) this.#incomplete.add(`unclassified:${part.kind}`);
  }

  *push(events: readonly AnswerEvent[]): Look<Inspected> {
    const leaving: AnswerEvent[] = [];
    for (const event of events) leaving.push(...(yield* this.#pushed(event)));
    for (const flow of this.#flows.values()) if (flow.isWaiting && !this.#mayWait(flow)) yield* this.#read(flow, false);
    return this.#result(leaving);
  }

  *flush(final: boolean): Look<Inspected> {
    return this.#result(final ? yield* this.#leftovers(() => true, true) : []);
  }

  /** Takes a look to its end on this thread. */
  here(look: Look<Inspected>): Inspected {
    return this.#unlessWithheld(() => this.#timed(() => lookedThrough(look, (text) => this.#find(text))));
  }

  /** The same up to the first text that is too long to be read on this thread. */
  whereItFits(look: Look<Inspected>, options: LongInspectOptions): Inspected | Promise<Inspected> {
    return this.#unlessWithheld(() => {
      const step = this.#timed(() => this.#asFarAsItFits(look, look.next(), options.inlineCharacters));
      return step.done === true ? step.value : this.#goOnElsewhere(look, step.value, options);
    });
  }

  #asFarAsItFits(look: Look<Inspected>, from: IteratorResult<string, Inspected>, inline: number) {
    let step = from;
    while (step.done !== true && step.value.length <= inline) step = look.next(this.#find(step.value));
    return step;
  }

  async #goOnElsewhere(look: Look<Inspected>, first: string, options: LongInspectOptions): Promise<Inspected> {
    let long = first;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each text begins where the one before ended
      const found = await this.#findElsewhere(long, options);
      const step = this.#timed(() => this.#asFarAsItFits(look, look.next(found), options.inlineCharacters));
      if (step.done === true) return step.value;
      long = step.value;
    }
  }

  async #findElsewhere(text: string, { elsewhere, expired }: LongInspectOptions): Promise<readonly Candidate[]> {
    if (expired()) return this.#unread('budget:time');
    try {
      const read = await elsewhere(text);
      return read.ok ? this.#counted(read.value) : this.#unread(read.error);
    } catch {
      return this.#unread('detector:failed');
    }
  }

  #unlessWithheld<R>(look: () => R): R | Inspected {
    return this.#withheld === undefined ? look() : { events: [], withheld: this.#withheld };
  }

  #timed<R>(read: () => R): R {
    this.options.reading?.begin();
    try {
      return read();
    } finally {
      this.options.reading?.end();
    }
  }

  /** The event as it will leave, behind what flows that end with it still held. Its words are there once their flow is read. */
  *#pushed(event: AnswerEvent): Look<readonly AnswerEvent[]> {
    const finished = finishedChoices(event);
    const own = new Set(event.parts.filter(isSpoken).map(flowName));
    const before = yield* this.#leftovers((flow) => finished(flow.choice) && !own.has(flow.name), true);
    const parts: AnswerPart[] = [...event.parts];
    for (const [at, part] of event.parts.entries()) {
      if (!isSpoken(part)) continue;
      const name = flowName(part);
      const isLast = !event.parts.slice(at + 1).some((later) => isSpoken(later) && flowName(later) === name);
      const flow = this.#flow(part, event);
      flow.add(event, part, parts, at);
      if (this.#isPassive) this.#released.push(textOf(part));
      this.#characters += textOf(part).length;
      if (part.ends === true || (isLast && finished(part.choice))) yield* this.#read(flow, true);
    }
    return [...before, { ...event, parts }];
  }

  summary(): { readonly classification: Classification; readonly redactions: number; readonly text: string } {
    // What left unread, for an answer that broke off has no last event.
    for (const flow of this.#flows.values()) if (flow.isWaiting) this.here(this.#rest(flow));
    return {
      classification: classification(
        this.#findings,
        this.bundle.version,
        this.#flows.size,
        this.#characters,
        this.#incomplete,
      ),
      redactions: this.#redactions,
      text: this.#released.join(''),
    };
  }

  #result(events: readonly AnswerEvent[]): Inspected {
    return this.#withheld === undefined ? { events } : { events: [], withheld: this.#withheld };
  }

  #flow(part: SpokenPart, event: AnswerEvent): Flow {
    const name = flowName(part);
    const known = this.#flows.get(name);
    if (known) return known;
    const leaf: Leaf = { path: `/answer/${name}`, role: 'assistant', text: '', start: 0, end: 0 };
    const escape = part.kind === 'tool-call' ? jsonEscape : (value: string): string => value;
    const channel = new Channel({
      replace: (found, value) => this.#replace(leaf, found, value),
      restore: (text) => this.#restorer.restore(text, escape),
      openFrom: (text) => Math.min(this.#restorer.openFrom(text), this.bundle.openFrom(text)),
      notInside: (text, cut) => this.#restorer.notInside(text, cut),
    });
    const flow = new Flow(name, part.choice, channel, event, part);
    this.#flows.set(name, flow);
    return flow;
  }

  *#read(flow: Flow, final: boolean): Look<string> {
    const released = yield* flow.read(final, this.#isPassive);
    if (this.#withheld === undefined && !this.#isPassive) this.#released.push(released);
    return released;
  }

  *#rest(flow: Flow): Look<Inspected> {
    yield* this.#read(flow, true);
    return this.#result([]);
  }

  /** Of an answer that is only read, words leave before they are read: in long pieces, for each look reads the words before it too. */
  #mayWait(flow: Flow): boolean {
    return this.#isPassive && flow.waitingCharacters < PIECE;
  }

  /** Hold-back that must leave now, each as a copy of its flow's last event that carries nothing else. */
  *#leftovers(isDue: (flow: Flow) => boolean, final: boolean): Look<readonly AnswerEvent[]> {
    const events: AnswerEvent[] = [];
    for (const flow of this.#flows.values()) {
      if ((!flow.isHolding && !flow.isWaiting) || !isDue(flow)) continue;
      // What waits in an event that is about to leave has its place there.
      const hasPlace = flow.isWaiting;
      const text = yield* this.#read(flow, final);
      if (text !== '' && !hasPlace) events.push(carrier(flow, text));
    }
    return events;
  }

  #find(text: string): readonly Candidate[] {
    const { expired } = this.options;
    if (expired()) return this.#unread('budget:time');
    try {
      return this.#counted(scan(text, { role: 'assistant', bundle: this.bundle, expired }));
    } catch {
      return this.#unread('detector:failed');
    }
  }

  #counted({ candidates, clinicalWords, incomplete }: ScanResult): readonly Candidate[] {
    for (const reason of incomplete) this.#incomplete.add(reason);
    const kept = candidates.filter((each) => this.bundle.counts(each) || isQuiet(each));
    return this.#composition.compose(kept, clinicalWords).filter((each) => this.bundle.counts(each));
  }

  /** Fails closed: what could not be read leaves only when nothing had to be looked for. */
  #unread(because: string): readonly Candidate[] {
    this.#incomplete.add(because);
    this.#withholdIfGuarded();
    return [];
  }

  #withholdIfGuarded(): void {
    if (this.#styles.size > 0 || this.#block.size > 0) this.#withheld = 'classification-incomplete';
  }

  #replace(leaf: Leaf, group: readonly Candidate[], value: string): string | undefined {
    let chosen: { style: RedactionStyle; type: string } | undefined;
    for (const found of group) {
      if (this.#findings.length < MAX_FINDINGS)
        this.#findings.push(finding(leaf, located(found, this.options.digestKey)));
      else this.#incomplete.add('budget:findings');
      if (this.#block.has(found.class) || this.#block.has(found.type)) this.#withheld ??= found.class;
      const style = styleOf(found, this.#styles);
      if (style !== undefined) chosen = { style: chosen ? stricter(chosen.style, style) : style, type: found.type };
    }
    if (!chosen) return undefined;
    this.#redactions += 1;
    return this.#replacer.replacement(chosen.style, chosen.type, value);
  }
}

/** A buffered answer and a finish part both end their choices; a terminal event ends all. */
function finishedChoices(event: AnswerEvent): (choice: number) => boolean {
  const choices = new Set(event.parts.flatMap((part) => (part.kind === 'finish' ? [part.choice] : [])));
  return (choice) => event.terminal || choices.has(choice);
}

/** `source` stays only where it says nothing but this part; otherwise the encoder builds the event anew. */
function carrier(flow: Flow, text: string): AnswerEvent {
  const { lastEvent, lastPart } = flow;
  const part = withText(lastPart, text);
  const isAlone = lastEvent.parts.length === 1 && !(part.kind === 'tool-call' && (part.id ?? part.name) !== undefined);
  if (isAlone && lastEvent.source) return { parts: [part], source: lastEvent.source, terminal: false };
  return { parts: [bare(part)], terminal: false };
}

function bare(part: SpokenPart): SpokenPart {
  if (part.kind === 'tool-call')
    return { kind: 'tool-call', choice: part.choice, index: part.index, arguments: part.arguments };
  return { kind: part.kind, choice: part.choice, text: part.text };
}
