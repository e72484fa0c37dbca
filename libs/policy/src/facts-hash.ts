import { canonicalJson, hashOf } from './canonical.js';
import type { DataFacts, Facts, SubjectFacts } from './facts.js';

/** Facts with their canonical text and its hash, so that a request that needs both writes the text once. */
export interface DescribedFacts {
  readonly facts: Facts;
  readonly text: string;
  readonly hash: string;
}

export function describeFacts(facts: Facts): DescribedFacts {
  const text = canonicalFacts(facts);
  return { facts, text, hash: hashOf(text) };
}

/** `sha256:` and hex of the canonical facts: equal facts, equal hash, whoever built them and in whatever order. */
export function factsHashOf(facts: Facts): string {
  return hashOf(canonicalFacts(facts));
}

/**
 * The same text as `canonicalJson(facts)`, three times as fast: the known members are written in sorted order, so that
 * the built-in serializer can do the rest. Members that are undefined are left out by both.
 */
export function canonicalFacts(facts: Facts): string {
  const plain = orNothing(facts);
  return plain === undefined ? canonicalJson(facts) : JSON.stringify(plain);
}

/** What only claims to be facts has no members to sort; it is described, and then denied, all the same. */
function orNothing(facts: Facts): object | undefined {
  try {
    return plainFacts(facts);
  } catch {
    return undefined;
  }
}

/** The facts with their members in sorted order; undefined for facts that need the general way. */
function plainFacts(facts: Facts): object | undefined {
  const { budget, data, request, tenant } = facts;
  const ext = sortedRecord(facts.ext);
  const metadata = sortedRecord(request.metadata);
  const subject = canonicalSubject(facts.subject);
  const canonical = data === undefined ? null : canonicalData(data);
  if (ext === undefined || metadata === undefined || subject === undefined || canonical === undefined) return undefined;
  return {
    atMs: facts.atMs,
    budget: budget === undefined ? undefined : { class: budget.class, remainingCents: budget.remainingCents },
    data: canonical ?? undefined,
    ext,
    request: {
      estimatedTokens: request.estimatedTokens,
      justification: request.justification,
      mcpServers: request.mcpServers,
      metadata,
      model: request.model,
      priced: request.priced,
      route: request.route,
      stream: request.stream,
      tools: request.tools,
    },
    schema: facts.schema,
    subject,
    tenant: { id: tenant.id, industry: tenant.industry, plan: tenant.plan, region: tenant.region },
  };
}

function canonicalData(data: DataFacts): object | undefined {
  const classes = sortedRecord(data.classes);
  const residual = sortedRecord(data.residual);
  if (classes === undefined || residual === undefined) return undefined;
  const { attachments, deep, detectors, spanless } = data;
  return { attachments, classes, deep, detectors, residual, spanless };
}

function canonicalSubject(subject: SubjectFacts): object | undefined {
  const attributes = sortedRecord(subject.attributes);
  const person = subject.onBehalfOf === undefined ? null : canonicalSubject(subject.onBehalfOf);
  if (attributes === undefined || person === undefined) return undefined;
  return {
    attributes,
    clearance: subject.clearance,
    department: subject.department,
    groups: subject.groups,
    id: subject.id,
    issuer: subject.issuer,
    kind: subject.kind,
    onBehalfOf: person ?? undefined,
    roles: subject.roles,
    scopes: subject.scopes,
  };
}

/** A record whose keys the facts choose, in sorted order; undefined when it nests, or has keys that engines reorder. */
function sortedRecord(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const keys = Object.keys(record);
  let isSorted = true;
  let previous = '';
  for (const key of keys) {
    const first = key.charCodeAt(0);
    // Keys such as "10" move to the front whatever the order of writing.
    if ((first >= 48 && first <= 57) || key === '__proto__' || isNested(record[key])) return undefined;
    if (previous > key) isSorted = false;
    previous = key;
  }
  if (isSorted) return record;
  const sorted: Record<string, unknown> = {};
  for (const key of keys.toSorted()) sorted[key] = record[key];
  return sorted;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && !(Array.isArray(value) && value.every((item) => typeof item !== 'object'));
}
