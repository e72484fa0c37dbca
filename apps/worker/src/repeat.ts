import type { Clock } from '@writ/platform';

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
  const stopping = new AbortController();
  const stopped = Promise.withResolvers<void>();
  stopping.signal.addEventListener('abort', () => stopped.resolve());
  const run = async (): Promise<void> => {
    for (;;) {
      const pause = clock.after(everyMs);
      // oxlint-disable-next-line no-await-in-loop -- one turn follows the other
      await Promise.race([pause.elapsed, stopped.promise]);
      pause.cancel();
      if (stopping.signal.aborted) return;
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
      stopping.abort();
      await running;
    },
  };
}
