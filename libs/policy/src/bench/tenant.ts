import type { Endpoint, EndpointId, Provider } from '@writ/domain';
import type { Facts } from '../facts.js';
import { type Random, pick, seeded } from '../fuzz.js';

/** A realistic tenant, for the benchmark and for nothing on the request path. */
const departments = ['cardiology', 'radiology', 'billing', 'research', 'pharmacy', 'oncology', 'emergency', 'icu'];
const classes = ['PHI', 'PII', 'PCI', 'SECRET', 'EU_PERSONAL', 'SSN', 'EMAIL', 'SOURCE_CODE'];
const certs = ['HIPAA-BAA', 'PCI-DSS', 'ISO-27001', 'SOC2', 'C5'];

export function benchDocument(rules: number, seed = 1): string {
  const random = seeded(seed);
  const written = [
    `{ id: staff, effect: permit, when: 'subject.kind == "human" && any(subject.roles, ["clinician", "nurse", "analyst"])', reason: Staff may chat with approved models. }`,
    `{ id: agents, effect: permit, when: 'subject.kind == "agent" && any(subject.groups, ["agents-approved"])', reason: Registered agents may call models. }`,
    `{ id: break-glass, effect: override, overrides: [availability], when: '"break-glass" in subject.groups && has(request.justification)', reason: Emergency access needs a written justification. }`,
    `{ id: marker, effect: oblige, when: 'true', oblige: { response: { marker: eu-ai-act-50 }, limits: { max_output_tokens: 4096 } } }`,
    `{ id: night, effect: restrict, when: 'between(time.minute, "19:00", "07:00")', endpoints: 'endpoint.residency == "EU"', tags: [availability], reason: Only EU endpoints at night. }`,
  ];
  for (let index = written.length; index < rules; index += 1) written.push(benchRule(random, index));
  return [
    'apiVersion: policy/v1',
    `name: bench-${rules}-${seed}`,
    'timezone: Europe/Berlin',
    `classes: [${classes.join(', ')}]`,
    'rules:',
    ...written.map((rule) => `  - ${rule}`),
  ].join('\n');
}

function benchRule(random: Random, index: number): string {
  const name = pick(random, classes);
  const [effect, when, more] = pick<readonly [string, string, string]>(random, [
    ['restrict', `class("${name}") >= 0.${index % 9}5`, `endpoints: '"${pick(random, certs)}" in endpoint.certs'`],
    ['restrict', `class("${name}") >= 0.6 && subject.clearance < 3`, `endpoints: 'endpoint.residency == "EU"'`],
    [
      'permit',
      `any(subject.roles, ["role-${index % 20}"]) && request.route in ["/v1/chat/completions", "/v1/responses"]`,
      `endpoints: 'endpoint.cost_class <= ${index % 4}'`,
    ],
    [
      'deny',
      `has(subject.department) && subject.department == "${pick(random, departments)}" && class("${name}") >= 0.9`,
      'tags: [availability]',
    ],
    [
      'redact',
      `class("${name}") >= 0.5 && !("fraud" in subject.roles)`,
      `redact: { classes: [${name}], style: token }`,
    ],
    [
      'deny',
      `subject.kind == "agent" && !subset(request.tools, ["mcp:a/${index % 7}", "mcp:b/${index % 5}"])`,
      'tags: [availability]',
    ],
    [
      'restrict',
      `"group-${index % 30}" in subject.groups`,
      `endpoints: 'subject.clearance >= endpoint.max_classification'`,
    ],
    [
      'restrict',
      `budget.class == "economy" && budget.remaining_cents <= ${index}`,
      `endpoints: 'endpoint.cost_class <= 1 || endpoint.self_hosted'`,
    ],
  ]);
  const reason = `reason: Rule ${index} protects what the tenant calls ${name}.`;
  return `{ id: rule-${index}, effect: ${effect}, when: '${when}', ${more}, ${reason} }`;
}

export function benchEndpoints(count: number): readonly Endpoint[] {
  const providers: readonly Provider[] = ['openai', 'azure.openai', 'mistral', 'vllm'];
  return Array.from({ length: count }, (_, index) => ({
    id: `endpoint-${String(index).padStart(3, '0')}` as EndpointId,
    provider: providers[index % 4] ?? 'openai',
    baseUrl: 'https://endpoint.invalid',
    region: `region-${index % 7}`,
    residency: ['EU', 'US', 'CH'][index % 3] ?? 'EU',
    assurances: certs
      .filter((_cert, place) => (index >> place) % 2 === 1)
      .map((name) => ({ name, validFrom: 0, validUntil: Number.MAX_SAFE_INTEGER })),
    zeroRetention: index % 2 === 0,
    selfHosted: index % 4 === 3,
    costClass: index % 5,
    maxClassification: index % 3,
    models: ['large'],
    keys: [],
    settings: {},
  }));
}

export function benchFacts(count: number): readonly Facts[] {
  const random = seeded(7);
  return Array.from({ length: count }, () => ({
    schema: 1 as const,
    subject: {
      id: `u-${Math.floor(random() * 1e6)}`,
      kind: random() < 0.8 ? ('human' as const) : ('agent' as const),
      issuer: 'https://idp.example',
      roles: [pick(random, ['clinician', 'nurse', 'analyst', 'visitor']), `role-${Math.floor(random() * 30)}`],
      groups: [`group-${Math.floor(random() * 40)}`, pick(random, ['agents-approved', 'break-glass', 'ward'])],
      scopes: ['chat'],
      department: pick(random, departments),
      clearance: Math.floor(random() * 4),
      attributes: {},
    },
    tenant: { id: 't', plan: 'pro' },
    data: {
      classes: Object.fromEntries(
        classes.filter(() => random() < 0.2).map((name) => [name, Math.floor(random() * 1_000)]),
      ),
      residual: {},
      spanless: [],
      detectors: ['regex'],
      deep: 'none' as const,
      attachments: [],
    },
    request: {
      route: '/v1/chat/completions',
      model: 'fast',
      tools: random() < 0.3 ? ['mcp:a/1'] : [],
      mcpServers: [],
      stream: true,
      estimatedTokens: Math.floor(random() * 4_000),
      metadata: {},
    },
    atMs: Date.UTC(2026, 6, 1) + Math.floor(random() * 7 * 86_400_000),
    budget: { class: pick(random, ['standard', 'economy']), remainingCents: Math.floor(random() * 10_000) },
    ext: {},
  }));
}
