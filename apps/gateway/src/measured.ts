import type { AnswerEvent } from '@writ/domain';
import type { Ports, ProviderAnswer } from '@writ/enforcement';
import { genAi } from '@writ/platform';
import { observed } from '@writ/providers';
import type { Measures } from './observe.js';

/**
 * The same ports, with their times and results counted. Nothing is added to what they do: what they resolve to is handed on
 * as it is, and what they throw is thrown on.
 */
export function measuredPorts(ports: Ports, measures: Measures): Ports {
  const { identity, classifier, limits, ledger, providers, clock } = ports;
  const timed = async <T>(phase: string, work: () => Promise<T>): Promise<T> => {
    const from = clock.monotonicMs();
    try {
      return await work();
    } finally {
      measures.phase(phase, clock.monotonicMs() - from);
    }
  };
  return {
    ...ports,
    identity: { identify: (credential) => timed('authenticate', () => identity.identify(credential)) },
    classifier: measuredClassifier(classifier, timed, measures),
    limits: measuredLimits(limits, clock, measures),
    ledger: {
      async commit(log, record, how) {
        const from = clock.monotonicMs();
        let result: string | undefined;
        try {
          const committed = await ledger.commit(log, record, how);
          result = committed.ok ? 'durable' : committed.error;
          return committed;
        } finally {
          const ms = clock.monotonicMs() - from;
          measures.phase('commit', ms);
          if (result !== undefined) measures.committed(record.kind, result, ms);
        }
      },
    },
    providers: {
      async call(permit, endpoint, prompt, how) {
        const from = clock.monotonicMs();
        const provider = genAi.providerName[endpoint.provider] ?? endpoint.provider;
        const operation = genAi.operationName[permit.record.action] ?? permit.record.action;
        const called = await providers.call(permit, endpoint, prompt, how);
        const ended = (result: string): void => {
          const ms = clock.monotonicMs() - from;
          measures.phase('upstream', ms);
          measures.called({ provider, operation, result, ms });
        };
        if (!called.ok) {
          ended(called.error.class);
          return called;
        }
        const firstChunk = (): void => measures.firstChunk({ provider, operation, ms: clock.monotonicMs() - from });
        return { ok: true, value: { ...called.value, events: watched(called.value, firstChunk, ended) } };
      },
    },
  };
}

/** The reservation's time is counted whatever becomes of it. */
function measuredLimits(limits: Ports['limits'], clock: Ports['clock'], measures: Measures): Ports['limits'] {
  return {
    async reserve(tenant, subject, ask, snapshot, tokens) {
      const from = clock.monotonicMs();
      try {
        const reserved = await limits.reserve(tenant, subject, ask, snapshot, tokens);
        const isDegraded = reserved.ok
          ? reserved.value.mode === 'degraded'
          : (reserved.error.detail?.endsWith('_degraded') ?? false);
        measures.reserved(isDegraded, reserved.ok ? 'admitted' : reserved.error.code);
        return reserved;
      } finally {
        measures.phase('reserve', clock.monotonicMs() - from);
      }
    },
    knownRefusal(tenant, subject, ask, snapshot, tokens) {
      const known = limits.knownRefusal?.(tenant, subject, ask, snapshot, tokens);
      if (known) measures.reserved(undefined, 'known-full');
      return known;
    },
    takeKey: (reservation, endpoint, key) => limits.takeKey?.(reservation, endpoint, key),
    settle(tenant, reservation, usage, costMicros) {
      if (usage) measures.used(usage, costMicros);
      return limits.settle(tenant, reservation, usage, costMicros);
    },
  };
}

/** What a port does not have, its measured twin has not either. */
function measuredClassifier(
  classifier: Ports['classifier'],
  timed: <T>(phase: string, work: () => Promise<T>) => Promise<T>,
  measures: Measures,
): Ports['classifier'] {
  const readAnswer = classifier.readAnswer?.bind(classifier);
  const tryTaxonomy = classifier.tryTaxonomy?.bind(classifier);
  return {
    classify: (ask, held) => timed('classify', () => classifier.classify(ask, held)),
    ...(readAnswer && { readAnswer }),
    ...(tryTaxonomy && {
      async tryTaxonomy(ask, held) {
        const tried = await tryTaxonomy(ask, held);
        measures.tried(tried.state);
        return tried;
      },
    }),
  };
}

/** The same events; told when the first one came, and once how they ended. */
function watched(
  { events }: ProviderAnswer,
  first: () => void,
  ended: (result: string) => void,
): AsyncIterable<AnswerEvent> {
  let result = 'left';
  let isFirst = true;
  return observed(events, {
    event({ terminal }) {
      if (isFirst) first();
      isFirst = false;
      if (terminal) result = 'answered';
    },
    over: (how) => ended(how === 'broken' ? 'broken-stream' : result),
  });
}
