/** What a rule can name. `open` is a claim or outside value whose type follows from its use. */
export type AttributeType = 'text' | 'texts' | 'integer' | 'boolean' | 'date' | 'score' | 'open';
export type Namespace = 'subject' | 'tenant' | 'data' | 'request' | 'time' | 'budget' | 'ext' | 'endpoint';

export interface Attribute {
  readonly type: AttributeType;
  readonly namespace: Namespace;
  /** May be absent from good facts, so a rule must guard it with `has()`. */
  readonly optional: boolean;
  /** The caller's own word: it may restrict but should not be all that grants. */
  readonly asserted: boolean;
  /** The only texts it can have, when they are few. */
  readonly values?: readonly string[];
}

type Sketch = AttributeType | `${AttributeType}?` | readonly string[];

const subject: Readonly<Record<string, Sketch>> = {
  id: 'text',
  kind: ['human', 'agent', 'workload'],
  issuer: 'text',
  roles: 'texts',
  groups: 'texts',
  scopes: 'texts',
  department: 'text?',
  clearance: 'integer',
};

const sketches: Readonly<Record<string, Readonly<Record<string, Sketch>>>> = {
  subject,
  'subject.on_behalf_of': subject,
  tenant: { id: 'text', plan: 'text?', industry: 'text?', region: 'text?' },
  data: {
    complete: 'boolean',
    classes: 'texts',
    detectors: 'texts',
    attachments: 'texts',
    injection: 'score',
    deep: ['none', 'pending', 'clear', 'confirmed'],
  },
  request: {
    route: 'text',
    model: 'text',
    tools: 'texts',
    mcp_servers: 'texts',
    stream: 'boolean',
    est_tokens: 'integer',
    priced: 'boolean',
    justification: 'text?',
  },
  time: { minute: 'integer', weekday: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], date: 'date' },
  budget: { class: 'text', remaining_cents: 'integer' },
  endpoint: {
    id: 'text',
    provider: 'text',
    region: 'text',
    residency: 'text',
    certs: 'texts',
    models: 'texts',
    cost_class: 'integer',
    max_classification: 'integer',
    zero_retention: 'boolean',
    self_hosted: 'boolean',
  },
};

const known = new Map<string, Attribute>();
for (const [prefix, members] of Object.entries(sketches)) {
  const namespace = prefix.split('.')[0] as Namespace;
  for (const [name, sketch] of Object.entries(members)) {
    const path = `${prefix}.${name}`;
    const optional = (typeof sketch === 'string' && sketch.endsWith('?')) || prefix === 'subject.on_behalf_of';
    const asserted = path === 'request.justification';
    if (typeof sketch === 'string') {
      known.set(path, { type: sketch.replace('?', '') as AttributeType, namespace, optional, asserted });
    } else {
      known.set(path, { type: 'text', namespace, optional, asserted, values: sketch });
    }
  }
}

/** Families of attributes whose last names the tenant chooses. */
const families: readonly (readonly [prefix: string, attribute: Attribute])[] = [
  ['subject.attrs.', { type: 'open', namespace: 'subject', optional: true, asserted: false }],
  ['subject.on_behalf_of.attrs.', { type: 'open', namespace: 'subject', optional: true, asserted: false }],
  ['request.metadata.', { type: 'text', namespace: 'request', optional: true, asserted: true }],
  ['ext.', { type: 'open', namespace: 'ext', optional: false, asserted: false }],
];

export const delegationPath = 'subject.on_behalf_of';

export function attributeOf(path: string): Attribute | undefined {
  const exact = known.get(path);
  if (exact !== undefined) return exact;
  for (const [prefix, attribute] of families) {
    if (path.startsWith(prefix) && path.length > prefix.length) return attribute;
  }
  return undefined;
}

/** For suggestions. */
export function knownPaths(): readonly string[] {
  return [...known.keys()];
}
