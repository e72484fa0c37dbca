import type { Usage } from '@writ/domain';
import type { Enforced } from '@writ/enforcement';
import { createMetrics } from '@writ/platform';

/** What operators see of a gateway process. No label names a tenant, a model or a subject: all three are without bound. */
export interface Measures {
  answered(enforced: Enforced, milliseconds: number, dialect: string): void;
  phase(phase: string, milliseconds: number): void;
  /** `isDegraded` undefined: the counters were not asked. */
  reserved(isDegraded: boolean | undefined, result: string): void;
  used(usage: Usage, costMicros: string): void;
  committed(kind: string, result: string, milliseconds: number): void;
  called(call: {
    readonly provider: string;
    readonly operation: string;
    readonly result: string;
    readonly ms: number;
  }): void;
  firstChunk(call: { readonly provider: string; readonly operation: string; readonly ms: number }): void;
  rested(why: string): void;
  /** A request was read by a taxonomy on trial, or why it was not. */
  tried(state: string): void;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
}

const quick = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const slow = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/** Steps that no port takes: their time is kept for the record, and counted when the answer begins. */
const ownSteps = ['decide', 'fulfil', 'route', 'inspect'];

type Metrics = ReturnType<typeof createMetrics>;

function instruments(metrics: Metrics) {
  const requests = metrics.counter('writ_requests_total', 'Requests by dialect and outcome', ['dialect', 'outcome']);
  const phases = metrics.histogram('writ_phase_seconds', 'Time spent in one phase of a request', ['phase'], quick);
  const first = metrics.histogram(
    'writ_first_window_seconds',
    'Time to the first released byte or the refusal',
    ['dialect'],
    slow,
  );
  const reservations = metrics.counter('writ_reservations_total', 'Reservations by their result', ['result']);
  const degraded = metrics.gauge('writ_limits_degraded', '1 while the shared counters are out', []);
  const tokens = metrics.counter('writ_tokens_total', 'Tokens settled, by kind', ['kind']);
  const spend = metrics.counter('writ_spend_micros_total', 'Micro-units settled, of all tenants', []);
  const estimated = metrics.counter('writ_usage_estimated_total', 'Answers whose usage no provider reported', []);
  const commits = metrics.counter('writ_commits_total', 'Records by kind and result', ['kind', 'result']);
  const commitTime = metrics.histogram('writ_commit_seconds', 'Time until a record was durable', ['kind'], quick);
  const calls = metrics.histogram(
    'gen_ai_client_operation_duration_seconds',
    'Duration of a call to a provider',
    ['gen_ai_operation_name', 'gen_ai_provider_name', 'error_type'],
    slow,
  );
  const firstChunks = metrics.histogram(
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    'Time to the first event of a provider',
    ['gen_ai_operation_name', 'gen_ai_provider_name'],
    slow,
  );
  const rests = metrics.counter('writ_endpoint_rests_total', 'Endpoint keys put to rest, by reason', ['why']);
  const trials = metrics.counter(
    'writ_taxonomy_trials_total',
    'Requests for a taxonomy on trial, by what became of it',
    ['state'],
  );
  return {
    requests,
    phases,
    first,
    reservations,
    degraded,
    tokens,
    spend,
    estimated,
    commits,
    commitTime,
    calls,
    firstChunks,
    rests,
    trials,
  };
}

/** One histogram for all phases: the overhead is ours, and the upstream is shown beside it. */
export function createMeasures(
  metrics: Metrics = createMetrics(),
): Measures & Pick<Metrics, 'registry'> & { readonly metrics: Metrics } {
  const {
    requests,
    phases,
    first,
    reservations,
    degraded,
    tokens,
    spend,
    estimated,
    commits,
    commitTime,
    calls,
    firstChunks,
    rests,
    trials,
  } = instruments(metrics);
  let wasDegraded: boolean | undefined;
  const phase = (name: string, ms: number): void => phases.observe({ phase: name }, ms / 1_000);
  return {
    registry: metrics.registry,
    metrics,
    text: () => metrics.registry.metrics(),
    phase,
    answered(enforced, milliseconds, dialect) {
      const outcome = enforced.kind === 'refused' ? enforced.refusal.code : (enforced.about.effect ?? 'permit');
      requests.tally({ dialect, outcome });
      first.observe({ dialect }, milliseconds / 1_000);
      const { phasesMs = {} } = enforced.about;
      for (const name of ownSteps) if (phasesMs[name] !== undefined) phase(name, phasesMs[name]);
    },
    reserved(isDegraded, result) {
      reservations.tally({ result });
      if (isDegraded === undefined || isDegraded === wasDegraded) return;
      wasDegraded = isDegraded;
      degraded.set(isDegraded ? 1 : 0);
    },
    used(usage, costMicros) {
      tokens.tally({ kind: 'input' }, usage.inputTokens);
      tokens.tally({ kind: 'output' }, usage.outputTokens);
      tokens.tally({ kind: 'cache-read' }, usage.cacheReadTokens);
      tokens.tally({ kind: 'cache-write' }, usage.cacheWriteTokens);
      tokens.tally({ kind: 'reasoning' }, usage.reasoningTokens);
      if (usage.estimated) estimated.tally({});
      if (/^\d{1,15}$/.test(costMicros)) spend.tally({}, Number(costMicros));
    },
    committed(kind, result, ms) {
      commits.tally({ kind, result });
      commitTime.observe({ kind }, ms / 1_000);
    },
    called: ({ provider, operation, result, ms }) =>
      calls.observe(
        {
          gen_ai_operation_name: operation,
          gen_ai_provider_name: provider,
          error_type: result === 'answered' ? '' : result,
        },
        ms / 1_000,
      ),
    firstChunk: ({ provider, operation, ms }) =>
      firstChunks.observe({ gen_ai_operation_name: operation, gen_ai_provider_name: provider }, ms / 1_000),
    rested: (why) => rests.tally({ why }),
    tried: (state) => trials.tally({ state }),
  };
}
