import type { Ask, Classification, Snapshot, Subject } from '@writ/domain';
import type { DataFacts, Facts, SubjectFacts } from '@writ/policy';
import type { Reservation } from './ports.js';

/** An upper estimate without a tokenizer: three UTF-16 units a token is more than any current vocabulary needs for prose. */
export function estimateTokens(ask: Ask): number {
  let characters = 0;
  for (const leaf of ask.leaves) characters += leaf.text.length;
  return Math.ceil(characters / 3);
}

/** True when an evaluation is about someone whom its credential does not prove: a decision is made for nobody's word. */
export function namesAnother({ evaluated }: Ask, subject: Subject): boolean {
  return evaluated !== undefined && evaluated.subject !== subject.id;
}

/** Everything a decision may rest on, built once. Content never enters: classes, counts and names do. */
export function factsOf(
  ask: Ask,
  subject: Subject,
  snapshot: Snapshot,
  classification: Classification,
  reservation: Reservation | undefined,
  atMs: number,
  deep: DataFacts['deep'] = 'none',
): Facts {
  return {
    schema: 1,
    subject: subjectFacts(subject),
    tenant: { id: snapshot.tenant },
    data: dataFacts(ask, classification, deep),
    request: {
      route: ask.evaluated?.route ?? ask.route,
      model: ask.model,
      tools: ask.tools,
      mcpServers: [],
      stream: ask.stream,
      estimatedTokens: estimateTokens(ask),
      ...(reservation === undefined ? {} : { priced: reservation.priced }),
      ...(ask.justification === undefined ? {} : { justification: ask.justification }),
      metadata: ask.metadata,
    },
    atMs,
    budget: reservation?.budget,
    ext: {},
  };
}

function subjectFacts(subject: Subject): SubjectFacts {
  return {
    id: subject.id,
    kind: subject.kind,
    issuer: subject.issuer,
    roles: subject.roles,
    groups: subject.groups,
    scopes: subject.scopes,
    clearance: subject.clearance,
    attributes: subject.attributes,
    ...(subject.department === undefined ? {} : { department: subject.department }),
    ...(subject.onBehalfOf === undefined ? {} : { onBehalfOf: subjectFacts(subject.onBehalfOf) }),
  };
}

/** A rule may name a type, such as `US_SSN`, as it names a class. */
function scoresByType({ findings }: Classification): Readonly<Record<string, number>> {
  const scores: Record<string, number> = {};
  for (const { type, score } of findings) scores[type] = Math.max(scores[type] ?? 0, score);
  return scores;
}

/** Incomplete means unknown as a whole: every rule on data then counts against the request. */
function dataFacts(ask: Ask, classification: Classification, deep: DataFacts['deep']): DataFacts | undefined {
  if (!classification.complete) return undefined;
  const spanned = new Set(classification.findings.map((finding) => finding.class));
  const spanless = Object.keys(classification.classes)
    .filter((name) => !spanned.has(name))
    .toSorted();
  return {
    classes: { ...scoresByType(classification), ...classification.classes },
    detectors: [...new Set(classification.findings.map((finding) => finding.type))].toSorted(),
    residual: Object.fromEntries(spanless.map((name) => [name, classification.classes[name] ?? 0])),
    spanless,
    deep,
    attachments: [...new Set(ask.attachments.map((attachment) => attachment.kind))].toSorted(),
  };
}
