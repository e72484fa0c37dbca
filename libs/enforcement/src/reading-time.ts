import { limits } from '@writ/domain';
import type { ReadingTime } from '@writ/classification';
import type { ClockPort } from './ports.js';

/** The budget of one answer: so long for one reading, and so long for all of them. Waiting for the model costs nothing. */
export function answerReading(clock: ClockPort): { readonly reading: ReadingTime; readonly expired: () => boolean } {
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
    expired: () => running() > limits.answerEventMs || spentMs + running() > limits.answerReadingMs,
  };
}
