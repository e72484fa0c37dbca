import type { AnswerEvent, AnswerPart, Ask, FinishReason, Usage } from '@writ/domain';
import { frame, isBareEnd, isSaid, type Said } from '../dialect/encoder.js';

interface Item {
  readonly kind: 'message' | 'reasoning' | 'function_call';
  readonly key: string;
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly refusal: boolean;
  words: string;
}

/** Writes a response from canonical parts: one output item after another, each opened, said and closed. */
export class ResponseWriter {
  readonly #items: Item[] = [];
  readonly #ask: Ask;
  #id: string;
  #model: string;
  #created: number;
  #sequence = 0;
  #open: Item | undefined;
  #begun = false;
  #usage: Usage | undefined;
  #finish: FinishReason = 'stop';

  constructor(ask: Ask, answeredModel: string) {
    this.#ask = ask;
    this.#id = `resp_${ask.request}`;
    this.#model = answeredModel;
    this.#created = Math.floor(ask.receivedAt / 1000);
  }

  events(event: AnswerEvent): string {
    const written = event.parts.map((part) => this.#one(part)).join('');
    return event.terminal ? written + this.#end() : written;
  }

  whole(parts: readonly AnswerPart[]): string {
    for (const part of parts) {
      this.#note(part);
      if (isSaid(part) && part.choice === 0 && !isBareEnd(part)) this.#itemOf(part).words += said(part);
    }
    return JSON.stringify(this.#response(this.#status(), this.#items.map(itemBody)));
  }

  #one(part: AnswerPart): string {
    this.#note(part);
    if (part.kind === 'start') return this.#begin();
    if (!isSaid(part) || part.choice !== 0 || isBareEnd(part)) return '';
    const before = this.#begin();
    const item = this.#itemOf(part);
    const opened = this.#open === item ? '' : this.#close() + this.#start(item);
    const words = said(part);
    if (words === '') return before + opened;
    item.words += words;
    return (
      before +
      opened +
      this.#say(`${flowOf(item)}.delta`, { ...this.#place(item), delta: words, ...probabilities(item) })
    );
  }

  #note(part: AnswerPart): void {
    if (part.kind === 'start') {
      this.#id = part.id === '' ? this.#id : part.id;
      this.#created = part.createdSeconds ?? this.#created;
    }
    if (part.kind === 'usage') this.#usage = part.usage;
    if (part.kind === 'finish' && part.choice === 0) this.#finish = part.reason;
  }

  #itemOf(part: Said): Item {
    const key = keyOf(part);
    const known = this.#items.findLast((item) => item.key === key);
    if (known && (known === this.#open || known.kind === 'function_call' || !this.#begun)) return known;
    const at = this.#items.length;
    const kind = part.kind === 'tool-call' ? 'function_call' : part.kind === 'reasoning' ? 'reasoning' : 'message';
    const prefix = { message: 'msg', reasoning: 'rs', function_call: 'fc' }[kind];
    const call =
      part.kind === 'tool-call' ? { callId: part.id ?? '', name: part.name ?? '' } : { callId: '', name: '' };
    const item = {
      kind,
      key,
      id: `${prefix}_${this.#ask.request}_${at}`,
      ...call,
      refusal: part.kind === 'refusal',
      words: '',
    } as const;
    this.#items.push({ ...item });
    return this.#items[at] ?? item;
  }

  #begin(): string {
    if (this.#begun) return '';
    this.#begun = true;
    const response = this.#response('in_progress', []);
    return this.#say('response.created', { response }) + this.#say('response.in_progress', { response });
  }

  #start(item: Item): string {
    this.#open = item;
    const at = { output_index: this.#items.indexOf(item) };
    const added = this.#say('response.output_item.added', {
      ...at,
      item: { ...emptyBody(item), status: 'in_progress' },
    });
    if (item.kind === 'message')
      return (
        added +
        this.#say('response.content_part.added', { ...this.#place(item), part: contentOf({ ...item, words: '' }) })
      );
    if (item.kind === 'function_call') return added;
    const part = { type: 'summary_text', text: '' };
    return added + this.#say('response.reasoning_summary_part.added', { ...this.#place(item), part });
  }

  #close(): string {
    const item = this.#open;
    this.#open = undefined;
    if (!item) return '';
    const place = this.#place(item);
    const done = this.#say(`${flowOf(item)}.done`, { ...place, ...wholeWords(item), ...probabilities(item) });
    const part =
      item.kind === 'message'
        ? this.#say('response.content_part.done', { ...place, part: contentOf(item) })
        : item.kind === 'reasoning'
          ? this.#say('response.reasoning_summary_part.done', {
              ...place,
              part: { type: 'summary_text', text: item.words },
            })
          : '';
    const at = { output_index: this.#items.indexOf(item) };
    return done + part + this.#say('response.output_item.done', { ...at, item: itemBody(item) });
  }

  #end(): string {
    const before = this.#begin() + this.#close();
    const status = this.#status();
    const response = this.#response(status, this.#items.map(itemBody));
    return before + this.#say(`response.${status}`, { response });
  }

  #status(): 'completed' | 'incomplete' {
    return this.#finish === 'length' || this.#finish === 'filtered' ? 'incomplete' : 'completed';
  }

  #place(item: Item): object {
    const place = { item_id: item.id, output_index: this.#items.indexOf(item) };
    if (item.kind === 'message') return { ...place, content_index: 0 };
    return item.kind === 'reasoning' ? { ...place, summary_index: 0 } : place;
  }

  #say(type: string, more: object): string {
    return frame(JSON.stringify({ type, sequence_number: this.#sequence++, ...more }), type);
  }

  #response(status: string, output: readonly object[]): object {
    const { body } = this.#ask;
    const reasons: Partial<Record<FinishReason, string>> = { length: 'max_output_tokens', filtered: 'content_filter' };
    const reason = reasons[this.#finish];
    return {
      id: this.#id,
      object: 'response',
      created_at: this.#created,
      status,
      error: null,
      incomplete_details: status === 'incomplete' && reason !== undefined ? { reason } : null,
      instructions: null,
      metadata: this.#ask.metadata,
      model: this.#model,
      output,
      parallel_tool_calls: body['parallel_tool_calls'] ?? true,
      temperature: body['temperature'] ?? null,
      tool_choice: body['tool_choice'] ?? 'auto',
      tools: [],
      top_p: body['top_p'] ?? null,
      max_output_tokens: body['max_output_tokens'] ?? null,
      usage: status === 'in_progress' || !this.#usage ? null : usageBody(this.#usage),
    };
  }
}

function said(part: Said): string {
  return part.kind === 'tool-call' ? part.arguments : part.text;
}

function keyOf(part: Said): string {
  return part.kind === 'tool-call' ? `call-${part.index}` : part.kind;
}

function flowOf(item: Item): string {
  if (item.kind === 'function_call') return 'response.function_call_arguments';
  if (item.kind === 'reasoning') return 'response.reasoning_summary_text';
  return item.refusal ? 'response.refusal' : 'response.output_text';
}

function probabilities(item: Item): object {
  return item.kind === 'message' && !item.refusal ? { logprobs: [] } : {};
}

function wholeWords(item: Item): object {
  if (item.kind === 'function_call') return { name: item.name, arguments: item.words };
  return item.refusal ? { refusal: item.words } : { text: item.words };
}

function contentOf(item: Item): object {
  return item.refusal
    ? { type: 'refusal', refusal: item.words }
    : { type: 'output_text', text: item.words, annotations: [], logprobs: [] };
}

function emptyBody(item: Item): object {
  const { id, kind, callId, name } = item;
  if (kind === 'message') return { id, type: 'message', role: 'assistant', content: [] };
  if (kind === 'reasoning') return { id, type: 'reasoning', summary: [] };
  return { id, type: 'function_call', call_id: callId, name, arguments: '' };
}

function itemBody(item: Item): object {
  const status = { status: 'completed' };
  if (item.kind === 'message') return { ...emptyBody(item), ...status, content: [contentOf(item)] };
  if (item.kind === 'reasoning')
    return { ...emptyBody(item), ...status, summary: [{ type: 'summary_text', text: item.words }] };
  return { ...emptyBody(item), ...status, arguments: item.words };
}

function usageBody(usage: Usage): object {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
