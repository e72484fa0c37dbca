import {
  parseEndpointId,
  parseTenantId,
  tenantOfJob,
  type Endpoint,
  type EndpointId,
  type Result,
  type Snapshot,
  type Subject,
  type TenantContext,
  type TenantId,
} from '@writ/domain';

export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.error)}`);
  return result.value;
}

export const tenantA: TenantId = must(parseTenantId('0198a000-0000-7000-8000-00000000000a'));
export const tenantB: TenantId = must(parseTenantId('0198a000-0000-7000-8000-00000000000b'));

export function aTenantContext(tenant: TenantId = tenantA): TenantContext {
  return tenantOfJob(tenant);
}

export function anEndpointId(name: string): EndpointId {
  return must(parseEndpointId(name));
}

export function aSubject(more: Partial<Subject> = {}): Subject {
  return {
    id: 'nora',
    kind: 'human',
    issuer: 'https://idp.example',
    method: 'jwt',
    connection: 'main',
    credentialThumbprint: 'f'.repeat(64),
    roles: ['clinician'],
    groups: ['nurses'],
    scopes: [],
    clearance: 0,
    attributes: {},
    ...more,
  };
}

export function anEndpoint(name: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: anEndpointId(name),
    provider: 'openai',
    baseUrl: 'https://api.example/v1',
    region: 'us-east',
    residency: 'US',
    assurances: [],
    zeroRetention: false,
    selfHosted: false,
    costClass: 1,
    maxClassification: 0,
    models: ['gpt-test'],
    keys: [],
    settings: {},
    ...more,
  };
}

/** An endpoint under a BAA that holds until 2030. */
export function aBaaEndpoint(name: string): Endpoint {
  const baa = { name: 'HIPAA-BAA', validFrom: Date.UTC(2026, 0, 1), validUntil: Date.UTC(2030, 0, 1) };
  return anEndpoint(name, { assurances: [baa] });
}

/** Permits clinicians, sends PHI only under a BAA, redacts PII for others than fraud, denies secrets. */
export const hospitalPolicy = `apiVersion: policy/v1
name: hospital
timezone: UTC
classes: [PHI, PII, PCI, SECRET, INJECTION]
rules:
  - id: staff-chat
    effect: permit
    when: subject.kind == "human" && any(subject.roles, ["clinician", "analyst"])
    reason: Staff may chat with approved models.
  - id: phi-only-baa
    effect: restrict
    when: class("PHI") >= 0.6
    endpoints: '"HIPAA-BAA" in endpoint.certs'
    reason: PHI goes only to endpoints under a business associate agreement.
  - id: pii-redact
    effect: redact
    when: class("PII") >= 0.5 && !("fraud" in subject.roles)
    redact: { classes: [PII], style: token }
    reason: PII is replaced by tokens unless the caller works on fraud cases.
  - id: no-secrets
    effect: deny
    when: class("SECRET") >= 0.8
    reason: Credentials never leave the network.
  - id: answers
    effect: oblige
    when: "true"
    oblige: { response: { marker: eu-ai-act-50, block: [SECRET] } }
`;

export function aSnapshot(more: Partial<Snapshot> = {}): Snapshot {
  const plain = anEndpoint('openai-us');
  const baa = aBaaEndpoint('azure-baa');
  return {
    tenant: tenantA,
    version: 1,
    state: 'active',
    publishedAt: Date.UTC(2026, 10, 1),
    connections: [],
    appKeys: [],
    policy: { source: hospitalPolicy, version: 1, hash: '' },
    taxonomy: { version: '1', terms: [], patterns: [], thresholds: {} },
    endpoints: [plain, baa],
    aliases: [
      {
        name: 'fast',
        strategy: 'ordered',
        candidates: [
          { endpoint: plain.id, model: 'gpt-test', weight: 1 },
          { endpoint: baa.id, model: 'gpt-test', weight: 1 },
        ],
      },
    ],
    limits: [],
    budgets: [],
    prices: [
      { model: 'gpt-test', inputMicrosPerMillion: '1000000', outputMicrosPerMillion: '2000000', version: 'test' },
    ],
    evidence: { level: 'committed', dispatchClasses: ['PHI', 'PCI'], keep: 'y6' },
    wrappedKeys: { hmac: '', content: '' },
    ...more,
  };
}
