import type { Enforced } from '@writ/enforcement';
import { createMetrics } from '@writ/platform';

/** Metrics of the path: outcome counts, and one histogram a phase. The overhead is ours; the upstream is shown beside it. */
export function createObserver(): (enforced: Enforced, milliseconds: number, dialect: string) => void {
  const metrics = createMetrics();
  const requests = metrics.counter('writ_requests_total', 'Requests by dialect and outcome', ['dialect', 'outcome']);
  const phases = metrics.histogram(
    'writ_phase_seconds',
    'Time spent in one phase of a request',
    ['phase'],
    [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  const first = metrics.histogram(
    'writ_first_window_seconds',
    'Time to the first released byte or the refusal',
    ['dialect'],
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  return (enforced, milliseconds, dialect) => {
    const outcome = enforced.kind === 'refused' ? enforced.refusal.code : (enforced.about.effect ?? 'permit');
    requests.inc({ dialect, outcome });
    first.observe({ dialect }, milliseconds / 1_000);
    for (const [phase, ms] of Object.entries(enforced.about.phasesMs ?? {})) phases.observe({ phase }, ms / 1_000);
  };
}
