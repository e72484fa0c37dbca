import { type Classification, type JsonObject, type Obligations, type PolicyRef, unreachable } from '@writ/domain';
import { type CanonicalMembers, canonicalJson, canonicalMembers, canonicalOrAbsent, keptOf } from './canonical-json.js';
import { classificationJson, spansOf } from './classification-fields.js';
import {
  type CommittedField,
  type RecordFields,
  type SubjectFields,
  canonicalText,
  canonicalWellFormed,
  clearJson,
  clearNumbersJson,
  clearSet,
  clearSetJson,
  clearText,
  digestOf,
  subjectFields,
  subjectRef,
  wellFormed,
} from './clear-fields.js';
import type { ContentPolicy, LogContext } from './ledger.js';
import type {
  AttemptSummary,
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
  return {
    clear: decisionMembers(record, who),
    committed: [...who.committed, ...personalOf(record), ...promptOf(record, log.content ?? 'redacted')],
    subjectRef: who.subjectRef,
  };
}

function personalOf(record: DecisionRecord): readonly CommittedField[] {
  const fields = [sealed('address', record.clientAddress), sealed('agent', record.userAgent)];
  if (record.tools.length > 0) fields.push(sealed('tools', canonicalJson(record.tools.map(canonicalText))));
  const spans = spansOf(record.classification);
  if (spans !== undefined) fields.push(sealed('spans', spans));
  if (record.idempotencyKey !== undefined) fields.push(sealed('idempotency', record.idempotencyKey));
  if (record.justification !== undefined) fields.push(sealed('justification', record.justification));
  if (record.facts !== undefined) fields.push(sealed('facts', record.facts));
  return fields;
}

function sealed(name: string, value: string): CommittedField {
  return { name, value, seal: true };
}

function promptOf(record: DecisionRecord, byDefault: ContentPolicy): readonly CommittedField[] {
  const { decision, classification, prompt } = record;
  const policy = decision.effect === 'permit' && decision.obligations.auditFull ? 'full' : byDefault;
  const redacted = prompt.redactedText;
  // A prompt in which nothing was found is its own redacted text.
  const promptIs = redacted === undefined && isFreeOfFindings(classification) ? 'redacted' : 'whole';
  const whole = { name: 'prompt', value: prompt.text, seal: maySeal(policy, promptIs, classification) };
  if (redacted === undefined) return [whole];
  return [whole, { name: 'redacted', value: redacted, seal: maySeal(policy, 'redacted', classification) }];
}

/** What follows from a policy is the same object as long as the policy and what matched are the same. */
const policyJson = keptOf((policy: PolicyRef) => canonicalJson({ ...policy }));
const rulesJson = keptOf(clearSetJson);
const endpointsJson = keptOf((endpoints: readonly string[]) => ({
  set: clearSetJson(endpoints),
  digest: canonicalJson(digestOf(endpoints)),
}));
const obligationsJson = keptOf((obligations: Obligations) => canonicalJson(obligations as unknown as JsonObject));

/** In JCS order. */
function decisionMembers(record: DecisionRecord, who: SubjectFields): CanonicalMembers {
  const { decision, prompt, reviewed, shadow, shadowTaxonomy } = record;
  const permit = decision.effect === 'permit' ? decision : undefined;
  const deny = decision.effect === 'permit' ? undefined : decision;
  const endpoints = permit && endpointsJson(permit.authorizedEndpoints);
  return {
    act: who.act,
    action: canonicalJson(record.action),
    catalogue: canonicalJson(decision.catalogueHash),
    classification: classificationJson(record.classification),
    code: deny && clearJson(deny.code),
    dialect: canonicalJson(record.dialect),
    effect: canonicalJson(decision.effect),
    endpoints: endpoints?.set,
    endpointsDigest: endpoints?.digest,
    facts: canonicalJson(decision.factsHash),
    leases: record.budgetLeases && clearSetJson(record.budgetLeases),
    model: clearJson(record.requestedModel),
    obligations: permit && obligationsJson(permit.obligations),
    policy: policyJson(decision.policy),
    prompt: `{"bytes":${canonicalJson(prompt.bytes)},"tokens":${canonicalJson(prompt.estimatedTokens)}}`,
    reason: deny && clearJson(deny.reason),
    received: canonicalJson(record.receivedAt),
    refusal: canonicalOrAbsent(record.refusal),
    reserved: canonicalJson(record.reservedMicros),
    reviewed: reviewed && canonicalJson({ state: reviewed.state, classes: wellFormed(reviewed.classes) }),
    route: clearJson(record.route),
    rules: rulesJson(decision.matched),
    shadow: shadow && canonicalJson({ ...shadow, changes: [...shadow.changes] }),
    shadowTaxonomy: shadowTaxonomy && canonicalJson(trialFields(shadowTaxonomy)),
    snapshot: canonicalJson(record.snapshotVersion),
    stream: canonicalJson(record.stream),
    subject: who.subject,
    tools: `{"count":${record.tools.length}}`,
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
    clear: canonicalMembers({
      decisionLeaf: record.decisionLeaf,
      attempt: record.attempt,
      endpoint: record.endpoint,
      provider: clearText(record.provider),
      region: clearText(record.region),
      model: clearText(record.model),
      reason: clearText(record.reason),
      prompt: { bytes: Buffer.byteLength(record.clearedPrompt) },
    }),
    committed: [{ name: 'prompt', value: record.clearedPrompt, seal: false }],
  };
}

function segmentFields(record: SegmentRecord): RecordFields {
  return {
    clear: canonicalMembers({
      decisionLeaf: record.decisionLeaf,
      window: record.window,
      from: record.from,
      to: record.to,
      events: record.events,
      digest: record.digest,
    }),
    committed: [],
  };
}

function outcomeFields(record: OutcomeRecord, policy: ContentPolicy): RecordFields {
  const { response } = record;
  const spans = spansOf(response?.classification);
  const committed = spans === undefined ? [] : [sealed('spans', spans)];
  if (response) {
    const { text, classification } = response;
    const textIs = isFreeOfFindings(classification) ? 'redacted' : 'whole';
    committed.push({ name: 'response', value: text, seal: maySeal(policy, textIs, classification) });
  }
  return { clear: outcomeMembers(record), committed };
}

/** In JCS order. */
function outcomeMembers(record: OutcomeRecord): CanonicalMembers {
  const { response, usage } = record;
  return {
    attempts: `[${record.attempts.map(attemptJson).join()}]`,
    cost: canonicalOrAbsent(record.costMicros),
    decisionLeaf: canonicalJson(record.decisionLeaf),
    delivery: `{"handedToSocketBytes":${canonicalJson(record.handedToSocketBytes)},"receivedByCaller":"unknown"}`,
    dispatchLeaves: canonicalJson(record.dispatchLeaves),
    finish: canonicalOrAbsent(record.finishReason),
    late: record.late ? 'true' : undefined,
    model: clearOrAbsent(record.reportedModel),
    phases: clearNumbersJson(record.phasesMs),
    prices: clearOrAbsent(record.priceVersion),
    refusal: canonicalOrAbsent(record.refusal),
    released: record.late ? 'false' : undefined,
    response: response && responseJson(response),
    result: canonicalJson(record.result),
    usage: usage && canonicalWellFormed(usage),
  };
}

function attemptJson(attempt: AttemptSummary): string {
  const { key, reason, status, upstreamRequestId } = attempt;
  return (
    `{"attempt":${canonicalJson(attempt.attempt)},"endpoint":${canonicalJson(attempt.endpoint)},` +
    (key === undefined ? '' : `"key":${clearJson(key)},`) +
    `"model":${clearJson(attempt.model)},"ms":${canonicalJson(Math.round(attempt.milliseconds))},` +
    (reason === undefined ? '' : `"reason":${clearJson(reason)},`) +
    `"result":${clearJson(attempt.result)}` +
    (status === undefined ? '' : `,"status":${canonicalJson(status)}`) +
    (upstreamRequestId === undefined ? '}' : `,"upstream":${clearJson(upstreamRequestId)}}`)
  );
}

function responseJson(response: NonNullable<OutcomeRecord['response']>): string {
  return (
    `{"bytes":${canonicalJson(response.bytes)},"classification":${classificationJson(response.classification)},` +
    `"digest":${canonicalJson(response.digest)},"droppedEvents":${canonicalJson(response.droppedEvents)},` +
    `"redactions":${canonicalJson(response.redactions)},"windows":${canonicalJson(response.windows)}}`
  );
}

function clearOrAbsent(text: string | undefined): string | undefined {
  return text === undefined ? undefined : clearJson(text);
}

function eventFields(record: EventRecord, log: LogContext): RecordFields {
  const committed = [sealed('actor', record.actor)];
  if (record.reason !== undefined) committed.push(sealed('reason', record.reason));
  return {
    clear: canonicalMembers({ name: record.name, fields: record.fields }),
    committed,
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
