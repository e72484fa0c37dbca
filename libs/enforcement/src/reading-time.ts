import { limits } from '@writ/domain';
import type { ReadingTime } from '@writ/classification';
import type { ClockPort } from './ports.js';

export interface AnswerReading {
  readonly reading: ReadingTime;
  readonly expired: () => boolean;
  /** What a reading that begins now may take. */
  readonly remainingMs: () => number;
  /** A thread read for so long; waiting for it costs as little as waiting for the model. */
  readonly spent: (ms: number) => void;
}

/** The budget of one answer: so long for one reading, and so long for all of them. Waiting for the model costs nothing. */
export function answerReading(clock: ClockPort): AnswerReading {
  let spentMs = 0;
  let begunMs: number | undefined;
  const running = (): number => (begunMs === undefined ? 0 : clock.monotonicMs() - begunMs);
  return {
    reading: {
      begin: () => {
        begunMs = clock.monotonicMs();
      },
      end: () => {
        spentMs += running();
        begunMs = undefined;
      },
    },
    remainingMs: () => Math.min(limits.answerEventMs, limits.answerReadingMs - spentMs),
    spent: (ms) => {
      spentMs += ms;
    },
    expired: () => running() > limits.answerEventMs || spentMs + running() > limits.answerReadingMs,
  };
}
