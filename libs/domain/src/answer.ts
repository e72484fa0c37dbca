import type { Dialect } from './ask.js';

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'filtered' | 'refusal' | 'error' | 'other';

/** Tokens as the provider counted them. Cached and reasoning tokens are parts of input and output. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** True when the provider sent none and ours is an upper bound. */
  readonly estimated: boolean;
}

/** Where a part's JSON string token stands in the event's `source.json`; quotes included, UTF-16 offsets. */
export interface Position {
  readonly start: number;
  readonly end: number;
}

export type AnswerPart =
  | { readonly kind: 'start'; readonly id: string; readonly model: string; readonly createdSeconds?: number }
  | {
      readonly kind: 'text' | 'reasoning' | 'refusal';
      readonly choice: number;
      readonly text: string;
      readonly at?: Position;
      /** Nothing more follows in this flow of text: what is held back of it may be decided now. */
      readonly ends?: true;
    }
  | {
      readonly kind: 'tool-call';
      readonly choice: number;
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      /** A fragment of the arguments' JSON text. */
      readonly arguments: string;
      readonly at?: Position;
      readonly ends?: true;
    }
  | { readonly kind: 'finish'; readonly choice: number; readonly reason: FinishReason }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'embedding'; readonly index: number; readonly at?: Position };

/**
 * One event of an answer. A buffered answer is one event that holds everything. `source` keeps the vendor's own JSON, so
 * that a caller of the same dialect gets unknown fields unchanged, with only the rewritten parts spliced.
 */
export interface AnswerEvent {
  readonly parts: readonly AnswerPart[];
  readonly source?: { readonly dialect: Dialect; readonly event?: string; readonly json: string };
  /** The vendor's last event (`[DONE]`, `message_stop`): whatever follows is dropped and recorded. */
  readonly terminal: boolean;
}
