import type { Decision, FinishReason, Refusal, RefusalCode, Usage } from '@writ/domain';
import type { Attempt } from '@writ/routing';
import type { ClearedPrompt } from '@writ/classification';
import type { DecisionRecord, DispatchRecord, OutcomeRecord, OutcomeResult } from '@writ/ledger';
import { costOf } from './cost.js';
import type { Exchange } from './exchange.js';
import { estimateTokens } from './facts.js';
import { shadowOf } from './shadow.js';
import { triedTaxonomyOf } from './taxonomy-trial.js';

export function decisionRecord<D extends Decision>(
  exchange: Exchange,
  decision: D,
  prompt: ClearedPrompt | undefined,
  refusal?: RefusalCode,
): DecisionRecord<D> {
  const { ask, subject, held, ports } = exchange;
  return {
    kind: 'decision',
    id: ports.ids.recordId(),
    request: ask.request,
    decision,
    subject,
    snapshotVersion: held.snapshot.version,
    action: ask.action,
    route: ask.route,
    dialect: ask.dialect,
    requestedModel: ask.model,
    stream: ask.stream,
    tools: ask.tools,
    classification: exchange.classification,
    ...(exchange.reviewed === undefined || exchange.reviewed.state === 'none' ? {} : { reviewed: exchange.reviewed }),
    ...(refusal === undefined ? {} : { refusal }),
    prompt: {
      text: ask.source,
      ...(prompt && prompt.redactions > 0 ? { redactedText: prompt.source } : {}),
      bytes: Buffer.byteLength(ask.source),
      estimatedTokens: estimateTokens(ask),
    },
    clientAddress: ask.clientAddress,
    userAgent: ask.userAgent,
    receivedAt: ask.receivedAt,
    reservedMicros: exchange.reservation?.worstCaseMicros ?? '0',
    ...leasesOf(exchange, decision),
    ...(ask.idempotencyKey === undefined ? {} : { idempotencyKey: ask.idempotencyKey }),
    ...(ask.justification === undefined ? {} : { justification: ask.justification }),
    ...(exchange.facts === undefined ? {} : { facts: exchange.facts.text }),
    ...shadowOf(exchange, decision),
    ...triedTaxonomyOf(exchange, decision),
  };
}

/** A deny spends nothing, so it names none. */
function leasesOf({ reservation }: Exchange, { effect }: Decision): Pick<DecisionRecord, 'budgetLeases'> {
  const leases = reservation?.leases ?? [];
  return effect === 'deny' || leases.length === 0 ? {} : { budgetLeases: leases };
}

export function dispatchRecord(
  exchange: Exchange,
  decisionLeaf: string,
  attempt: Attempt,
  prompt: ClearedPrompt,
): DispatchRecord {
  return {
    kind: 'dispatch',
    id: exchange.ports.ids.recordId(),
    request: exchange.ask.request,
    decisionLeaf,
    attempt: attempt.number,
    endpoint: attempt.endpoint.id,
    provider: attempt.endpoint.provider,
    region: attempt.endpoint.region,
    model: attempt.model,
    reason: attempt.reason,
    clearedPrompt: prompt.source,
  };
}

/** What is known of an answer when its decision is closed. */
export interface Closing {
  readonly result: OutcomeResult;
  readonly refusal?: Refusal;
  readonly usage?: Usage;
  readonly reportedModel?: string;
  readonly finishReason?: FinishReason;
  readonly response?: NonNullable<OutcomeRecord['response']>;
  readonly handedToSocketBytes: number;
}

export function outcomeRecord(exchange: Exchange, decisionLeaf: string, closing: Closing): OutcomeRecord {
  const { result, refusal, usage, reportedModel, finishReason, response, handedToSocketBytes } = closing;
  const cost = costOf(exchange, usage);
  const total = exchange.ports.clock.monotonicMs() - exchange.startedMs;
  return {
    kind: 'outcome',
    id: exchange.ports.ids.recordId(),
    request: exchange.ask.request,
    decisionLeaf,
    dispatchLeaves: [...exchange.dispatchLeaves],
    result,
    attempts: [...exchange.attempts],
    ...(refusal === undefined ? {} : { refusal: refusal.code }),
    ...(reportedModel === undefined ? {} : { reportedModel }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage, costMicros: cost?.micros ?? '0' }),
    ...(cost?.priceVersion === undefined ? {} : { priceVersion: cost.priceVersion }),
    ...(response === undefined ? {} : { response }),
    phasesMs: { ...exchange.phasesMs, total: Math.round(total * 1_000) / 1_000 },
    handedToSocketBytes,
  };
}
