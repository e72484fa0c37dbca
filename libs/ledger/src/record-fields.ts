import { type Classification, type JsonObject, unreachable } from '@writ/domain';
import { canonicalJson } from './canonical-json.js';
import { classificationFields, spansOf } from './classification-fields.js';
import {
  type RecordFields,
  canonicalText,
  clearSet,
  clearText,
  digestOf,
  subjectFields,
  subjectRef,
  wellFormed,
} from './clear-fields.js';
import type { ContentPolicy, LogContext } from './ledger.js';
import type {
  DecisionRecord,
  DispatchRecord,
  EventRecord,
  LedgerRecord,
  OutcomeRecord,
  SegmentRecord,
  ShadowTaxonomy,
} from './record.js';

const neverSealedByDefault = ['PHI', 'PCI', 'SECRET'];

/** What a record says, sorted into clear, committed and sealed: the table of the ledger's README in code. */
export function fieldsOf(record: LedgerRecord, log: LogContext): RecordFields {
  switch (record.kind) {
    case 'decision':
      return decisionFields(record, log);
    case 'dispatch':
      return dispatchFields(record);
    case 'segment':
      return segmentFields(record);
    case 'outcome':
      return outcomeFields(record, log.content ?? 'redacted');
    case 'event':
      return eventFields(record, log);
    default:
      return unreachable(record);
  }
}

function decisionFields(record: DecisionRecord, log: LogContext): RecordFields {
  const who = subjectFields(record.subject, log.hmacKey);
  const { decision, prompt } = record;
  const policy = decision.effect === 'permit' && decision.obligations.auditFull ? 'full' : (log.content ?? 'redacted');
  const redacted = prompt.redactedText;
  // A prompt in which nothing was found is its own redacted text.
  const promptIs = redacted === undefined && isFreeOfFindings(record.classification) ? 'redacted' : 'whole';
  const spans = spansOf(record.classification);
  return {
    clear: {
      ...who.clear,
      ...decisionMembers(record),
      classification: classificationFields(record.classification),
      ...(record.reviewed === undefined
        ? {}
        : { reviewed: { state: record.reviewed.state, classes: wellFormed(record.reviewed.classes) } }),
      prompt: { bytes: prompt.bytes, tokens: prompt.estimatedTokens },
      tools: { count: record.tools.length },
    },
    personal: {
      ...who.personal,
      address: record.clientAddress,
      agent: record.userAgent,
      ...(record.tools.length === 0 ? {} : { tools: canonicalJson(record.tools.map(canonicalText)) }),
      ...(spans === undefined ? {} : { spans }),
      ...(record.idempotencyKey === undefined ? {} : { idempotency: record.idempotencyKey }),
      ...(record.justification === undefined ? {} : { justification: record.justification }),
      ...(record.facts === undefined ? {} : { facts: record.facts }),
    },
    content: {
      prompt: { value: prompt.text, seal: maySeal(policy, promptIs, record.classification) },
      ...(redacted === undefined
        ? {}
        : { redacted: { value: redacted, seal: maySeal(policy, 'redacted', record.classification) } }),
    },
    ...(who.subjectRef === undefined ? {} : { subjectRef: who.subjectRef }),
  };
}

function decisionMembers(record: DecisionRecord): JsonObject {
  const { decision } = record;
  return {
    snapshot: record.snapshotVersion,
    action: record.action,
    route: clearText(record.route),
    dialect: record.dialect,
    model: clearText(record.requestedModel),
    stream: record.stream,
    received: record.receivedAt,
    reserved: record.reservedMicros,
    ...(record.budgetLeases === undefined ? {} : { leases: clearSet(record.budgetLeases) }),
    policy: { ...decision.policy },
    rules: clearSet(decision.matched),
    facts: decision.factsHash,
    catalogue: decision.catalogueHash,
    effect: decision.effect,
    ...(record.refusal === undefined ? {} : { refusal: record.refusal }),
    ...(record.shadow === undefined ? {} : { shadow: { ...record.shadow, changes: [...record.shadow.changes] } }),
    ...(record.shadowTaxonomy === undefined ? {} : { shadowTaxonomy: trialFields(record.shadowTaxonomy) }),
    ...(decision.effect === 'permit'
      ? {
          endpoints: clearSet(decision.authorizedEndpoints),
          endpointsDigest: digestOf(decision.authorizedEndpoints),
          obligations: decision.obligations as unknown as JsonObject,
        }
      : { code: clearText(decision.code), reason: clearText(decision.reason) }),
  };
}

const countedClasses = 32;

function trialFields(trial: ShadowTaxonomy): JsonObject {
  const { state } = trial;
  const version = clearText(trial.version);
  if (trial.state !== 'read') return { version, state };
  const { gained, gone, added, removed, effect, changes } = trial;
  return {
    version,
    state,
    gained: clearSet(gained),
    gone: clearSet(gone),
    added: countsOf(added),
    removed: countsOf(removed),
    ...(effect === undefined ? {} : { effect, changes: clearSet(changes ?? []) }),
  };
}

/** Of very many classes the first by name, so that a record stays within its bound. */
function countsOf(counts: Readonly<Record<string, number>>): JsonObject {
  const first = Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, countedClasses);
  return Object.fromEntries(first.map(([name, count]) => [clearText(name), count]));
}

function dispatchFields(record: DispatchRecord): RecordFields {
  return {
    clear: {
      decisionLeaf: record.decisionLeaf,
      attempt: record.attempt,
      endpoint: record.endpoint,
      provider: clearText(record.provider),
      region: clearText(record.region),
      model: clearText(record.model),
      reason: clearText(record.reason),
      prompt: { bytes: Buffer.byteLength(record.clearedPrompt) },
    },
    personal: {},
    content: { prompt: { value: record.clearedPrompt, seal: false } },
  };
}

function segmentFields(record: SegmentRecord): RecordFields {
  return {
    clear: {
      decisionLeaf: record.decisionLeaf,
      window: record.window,
      from: record.from,
      to: record.to,
      events: record.events,
      digest: record.digest,
    },
    personal: {},
    content: {},
  };
}

function outcomeFields(record: OutcomeRecord, policy: ContentPolicy): RecordFields {
  const { response } = record;
  const spans = spansOf(response?.classification);
  return {
    clear: {
      ...wellFormedOutcome(record),
      ...(response
        ? {
            response: {
              bytes: response.bytes,
              windows: response.windows,
              digest: response.digest,
              classification: classificationFields(response.classification),
              redactions: response.redactions,
              droppedEvents: response.droppedEvents,
            },
          }
        : {}),
      delivery: { handedToSocketBytes: record.handedToSocketBytes, receivedByCaller: 'unknown' },
    },
    personal: spans === undefined ? {} : { spans },
    content: response
      ? {
          response: {
            value: response.text,
            seal: maySeal(
              policy,
              isFreeOfFindings(response.classification) ? 'redacted' : 'whole',
              response.classification,
            ),
          },
        }
      : {},
  };
}

function wellFormedOutcome(record: OutcomeRecord): JsonObject {
  return {
    decisionLeaf: record.decisionLeaf,
    dispatchLeaves: record.dispatchLeaves,
    result: record.result,
    attempts: record.attempts.map((attempt) => ({
      attempt: attempt.attempt,
      endpoint: attempt.endpoint,
      model: clearText(attempt.model),
      result: clearText(attempt.result),
      ...(attempt.reason === undefined ? {} : { reason: clearText(attempt.reason) }),
      ...(attempt.key === undefined ? {} : { key: clearText(attempt.key) }),
      ms: Math.round(attempt.milliseconds),
      ...(attempt.status === undefined ? {} : { status: attempt.status }),
      ...(attempt.upstreamRequestId === undefined ? {} : { upstream: clearText(attempt.upstreamRequestId) }),
    })),
    phases: Object.fromEntries(Object.entries(record.phasesMs).map(([name, ms]) => [clearText(name), Math.round(ms)])),
    ...(record.late ? { late: true, released: false } : {}),
    ...(record.refusal === undefined ? {} : { refusal: record.refusal }),
    ...(record.reportedModel === undefined ? {} : { model: clearText(record.reportedModel) }),
    ...(record.finishReason === undefined ? {} : { finish: record.finishReason }),
    ...(record.usage === undefined ? {} : { usage: wellFormed(record.usage) }),
    ...(record.costMicros === undefined ? {} : { cost: record.costMicros }),
    ...(record.priceVersion === undefined ? {} : { prices: clearText(record.priceVersion) }),
  };
}

function eventFields(record: EventRecord, log: LogContext): RecordFields {
  return {
    clear: { name: record.name, fields: record.fields },
    personal: { actor: record.actor, ...(record.reason === undefined ? {} : { reason: record.reason }) },
    content: {},
    subjectRef: subjectRef(log.hmacKey, { issuer: '', id: record.actor }),
  };
}

function isFreeOfFindings(classification: Classification | undefined): boolean {
  return classification !== undefined && classification.complete && classification.findings.length === 0;
}

/**
 * `whole` text is sealed under `full` only; the redacted text under `redacted` too, unless the request holds health, card
 * or secret data, where even what redaction leaves over stays out of storage.
 */
function maySeal(
  policy: ContentPolicy,
  text: 'whole' | 'redacted',
  classification: Classification | undefined,
): boolean {
  if (policy === 'full') return true;
  if (policy === 'none' || text === 'whole' || !classification) return false;
  return !neverSealedByDefault.some((name) => (classification.classes[name] ?? 0) > 0);
}
