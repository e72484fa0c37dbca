import type { Endpoint, EndpointId, Provider, SubjectKind } from '@writ/domain';
import { byReference } from './by-reference.js';
import { decide, decideWith } from './decide.js';
import { readDocument } from './document.js';
import type { DataFacts, Facts, SubjectFacts } from './facts.js';
import { imageOf } from './image.js';
import { link } from './link.js';

/** A seeded generator of numbers in [0, 1): mulberry32. The same seed gives the same run on every machine. */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

export function some<T>(random: Random, items: readonly T[], most: number): readonly T[] {
  return Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(random, items));
}

/** The words that rules and facts draw from; a few stand in no rule, as in life. */
export const vocabulary = {
  roles: ['clinician', 'nurse', 'fraud', 'analyst', 'visitor', 'ärztin', '看護師'],
  groups: ['agents-approved', 'break-glass', 'ward-7', 'night'],
  tools: ['mcp:ehr/read', 'mcp:ehr/write', 'mcp:calendar/find', 'shell'],
  classes: ['PHI', 'PII', 'PCI', 'SECRET', 'INJECTION'],
  routes: ['/v1/chat/completions', '/v1/responses', '/v1/messages'],
  departments: ['cardiology', 'billing', 'research'],
  certs: ['HIPAA-BAA', 'PCI-DSS', 'ISO-27001'],
  residencies: ['EU', 'US', 'CH'],
  tags: ['availability', 'cost'],
} as const;

export interface Mismatch {
  readonly policy: string;
  readonly facts: Facts;
  readonly engine: unknown;
  readonly reference: unknown;
}

/** Compares engine and specification on one policy (under a platform layer, or none) and so many random requests. */
export function fuzzPolicy(
  random: Random,
  source: string,
  platformSource: string | undefined,
  requests: number,
): Mismatch | undefined {
  const tenant = readDocument(source);
  const platform = readDocument(platformSource ?? source);
  if (!tenant.ok || !platform.ok)
    throw new Error(`the generator wrote a bad policy:\n${source}\n${JSON.stringify(tenant)}`);
  const endpoints = randomEndpoints(random);
  const above = platformSource === undefined ? undefined : imageOf(platform.value, 1);
  const policy = link(imageOf(tenant.value, 1), endpoints, fuzzNow, above);
  const reference = byReference({ tenant: tenant.value.program, platform: platform.value.program }, policy);
  for (let request = 0; request < requests; request += 1) {
    const facts = randomFacts(random);
    const found = decide(policy, facts);
    const wanted = decideWith(reference, policy, facts);
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      return { policy: source, facts, engine: found, reference: wanted };
  }
  return undefined;
}

const fuzzNow = Date.UTC(2026, 2, 28);
const weekMs = 7 * 86_400_000;

export function randomEndpoints(random: Random): readonly Endpoint[] {
  const count = 1 + Math.floor(random() * (random() < 0.1 ? 70 : 12));
  return Array.from({ length: count }, (_, index) => ({
    id: `endpoint-${index}` as EndpointId,
    provider: pick<Provider>(random, ['openai', 'mistral', 'vllm', 'azure.openai']),
    baseUrl: 'https://endpoint.invalid',
    region: pick(random, ['fra', 'iad']),
    residency: pick(random, vocabulary.residencies),
    assurances: some(random, vocabulary.certs, 2).map((name) => ({
      name,
      validFrom: random() < 0.1 ? fuzzNow + weekMs * 2 : 0,
      validUntil: random() < 0.1 ? 1 : Number.MAX_SAFE_INTEGER,
    })),
    zeroRetention: random() < 0.5,
    selfHosted: random() < 0.3,
    costClass: Math.floor(random() * 4),
    maxClassification: Math.floor(random() * 4),
    models: some(random, ['small', 'large'], 2),
    keys: [],
    settings: {},
  }));
}

export function randomFacts(random: Random): Facts {
  const maybe = <T>(likely: number, value: T): T | undefined => (random() < likely ? value : undefined);
  const justification = maybe(0.3, pick(random, ['patient 4711', ' ']));
  return {
    schema: 1,
    subject: randomSubject(random, 0),
    tenant: { id: 't', ...optional('plan', maybe(0.5, pick(random, ['free', 'pro']))) },
    data: maybe(0.85, randomData(random)),
    request: {
      route: pick(random, vocabulary.routes),
      model: pick(random, ['fast', 'large']),
      tools: some(random, vocabulary.tools, 3),
      mcpServers: some(random, ['ehr', 'calendar'], 2),
      stream: random() < 0.5,
      estimatedTokens: Math.floor(random() * 10_000),
      ...optional('priced', maybe(0.8, random() < 0.7)),
      ...optional('justification', justification),
      metadata: random() < 0.3 ? { ticket: pick(random, ['A1', 'B2']) } : {},
    },
    atMs: fuzzNow + Math.floor((random() - 0.3) * weekMs),
    budget: maybe(0.85, {
      class: pick(random, ['economy', 'standard']),
      remainingCents: Math.floor(random() * 2_000) - 500,
    }),
    ext: random() < 0.7 ? { risk: pick<string | number | boolean>(random, [1, 2, 3, 'high', true]) } : {},
  };
}

function randomSubject(random: Random, depth: number): SubjectFacts {
  return {
    id: `s${depth}`,
    kind: pick<SubjectKind>(random, ['human', 'agent', 'workload']),
    issuer: 'https://idp.example',
    roles: some(random, vocabulary.roles, 3),
    groups: some(random, vocabulary.groups, 2),
    scopes: some(random, ['chat', 'admin'], 2),
    ...optional('department', random() < 0.6 ? pick(random, vocabulary.departments) : undefined),
    clearance: Math.floor(random() * 5),
    attributes:
      random() < 0.5 ? { level: pick<string | number | readonly string[]>(random, [1, 2, 'x', ['a', 'b']]) } : {},
    ...(random() < 0.15 && depth < 5 ? { onBehalfOf: randomSubject(random, depth + 1) } : {}),
  };
}

function randomData(random: Random): DataFacts {
  const classes: Record<string, number> = {};
  const residual: Record<string, number> = {};
  const spanless: string[] = [];
  for (const name of vocabulary.classes) {
    if (random() < 0.6) continue;
    const score = Math.floor(random() * 1001);
    classes[name] = score;
    if (random() < 0.4) residual[name] = Math.floor(random() * (score + 1));
    if (random() < 0.15) spanless.push(name);
  }
  return {
    classes,
    residual,
    spanless,
    detectors: some(random, ['regex', 'model'], 2),
    deep: pick(random, ['none', 'pending', 'clear', 'confirmed']),
    attachments: some(random, ['image', 'pdf'], 1),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
