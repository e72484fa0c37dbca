import { NewText, prose, seeded } from './text.js';

/** What is sent, and what a right answer looks like. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly stream: boolean;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** The next body; its texts are new where the workload says so. */
  body(): string;
}

const system = 'You are a careful assistant of a hospital. Answer in short and plain sentences.';

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

function bodyOf(messages: readonly Message[], stream: boolean): string {
  return JSON.stringify({ model: 'fast', messages, ...(stream ? { stream: true } : {}) });
}

/** One user message of about `characters`, all of it new text. */
export function allNew(characters: number, concurrency = 32): Workload {
  const text = new NewText(characters);
  return {
    name: `json-${label(characters)}-new`,
    title: `JSON, ${label(characters)} prompt, all new text`,
    stream: false,
    concurrency,
    body: () => bodyOf([{ role: 'user', content: text.take(characters) }], false),
  };
}

/**
 * A conversation of ten equal messages whose first nine were sent before and whose last is new, as an agent or a chat sends
 * it. Sixty-four conversations take turns.
 */
export function repeatedHistory(characters: number, concurrency = 32): Workload {
  const random = seeded(characters + 1);
  const each = Math.floor(characters / 10);
  const histories = Array.from({ length: 64 }, () => [
    { role: 'system' as const, content: system },
    ...Array.from({ length: 9 }, (_, at) => ({
      role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: prose(random, each),
    })),
  ]);
  const text = new NewText(characters + 2);
  let turn = 0;
  return {
    name: `json-${label(characters)}-history`,
    title: `JSON, ${label(characters)} prompt, nine tenths repeated history`,
    stream: false,
    concurrency,
    body() {
      turn += 1;
      const history = histories[turn % histories.length] ?? [];
      return bodyOf([...history, { role: 'user', content: text.take(each) }], false);
    },
  };
}

/** A stream of a hundred events, five milliseconds apart, for a prompt of 1 KB of new text. */
export function streams(concurrency = 40): Workload {
  const text = new NewText(99);
  return {
    name: `stream-100-events-${concurrency}`,
    title: `stream of 100 events, ${concurrency} at once`,
    stream: true,
    concurrency,
    body: () => bodyOf([{ role: 'user', content: text.take(1_000) }], true),
  };
}

function label(characters: number): string {
  return `${characters / 1_000} KB`.replace(' ', '');
}
