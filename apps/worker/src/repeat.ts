import { type Clock, Pauses } from '@writ/platform';

export interface RunningRole {
  stop(): Promise<void>;
}

/** A failure is reported and the work tried again at its next turn: an outage needs no restart. */
export function repeat(
  clock: Clock,
  everyMs: number,
  work: () => Promise<void>,
  onProblem: (problem: string) => void,
): RunningRole {
  const pauses = new Pauses(clock);
  let isStopping = false;
  const run = async (): Promise<void> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one turn follows the other
      await pauses.take(everyMs);
      if (isStopping) return;
      try {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await work();
      } catch (cause) {
        onProblem(cause instanceof Error ? cause.message : String(cause));
      }
    }
  };
  const running = run();
  return {
    async stop() {
      isStopping = true;
      pauses.end();
      await running;
    },
  };
}
