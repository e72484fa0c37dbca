import type { Endpoint, EndpointId, JsonValue, SubjectKind } from '@writ/domain';
import type { DataFacts, Facts, SubjectFacts } from './facts.js';
import { offsetMs, weekdays } from './local-time.js';
import type { Tree, TreeEntry } from './source-tree.js';
import type { TreeReader } from './tree-reader.js';

/** What a stored test may state; the rest is an ordinary nurse on a Wednesday morning with a healthy budget. */
const subjectKeys = 'id kind issuer roles groups scopes department clearance attrs on_behalf_of'.split(' ');
const givenKeys = [
  ...subjectKeys,
  ...'tenant conf residual spanless detectors deep attachments'.split(' '),
  ...'route model tools mcp_servers stream est_tokens priced justification metadata'.split(' '),
  ...'minute weekday date budget remaining ext'.split(' '),
];

type Values = Readonly<Record<string, JsonValue>>;

const baseDay = Date.UTC(2026, 0, 14);
const dayMs = 86_400_000;

/** Reads the `given` of a test (over the fixture's own, when there is one) and complains of unknown words. */
export function readGiven(reader: TreeReader, tree: Tree | undefined, base: Values): Values {
  if (tree === undefined) return base;
  const members = reader.members(tree, "'given'", givenKeys);
  const delegation = members.get('on_behalf_of');
  if (delegation !== undefined && delegation.value.kind === 'map')
    reader.members(delegation.value, "'on_behalf_of'", subjectKeys);
  return { ...base, ...Object.fromEntries([...members].map(([key, entry]) => [key, valueOf(entry.value)])) };
}

/** A tree as plain JSON. */
export function valueOf(tree: Tree): JsonValue {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(valueOf);
  return Object.fromEntries(tree.entries.map((entry: TreeEntry) => [entry.key, valueOf(entry.value)]));
}

/** Facts from the short words of a test. A value of the wrong kind becomes one that no rule is satisfied by. */
export function factsOf(given: Values, timezone: string): Facts {
  const remaining = given['remaining'];
  const failed = given['budget'] === null || remaining === null;
  return {
    schema: 1,
    subject: subjectOf(given),
    tenant: { id: 'tenant-under-test', ...texts(given['tenant']) },
    data: given['conf'] === null ? undefined : dataOf(given),
    request: {
      route: text(given['route'], '/v1/chat/completions'),
      model: text(given['model'], 'fast'),
      tools: list(given['tools']),
      mcpServers: list(given['mcp_servers']),
      stream: given['stream'] === true,
      estimatedTokens: number(given['est_tokens'], 100),
      ...(given['priced'] === null ? {} : { priced: given['priced'] !== false }),
      ...(typeof given['justification'] === 'string' ? { justification: given['justification'] } : {}),
      metadata: texts(given['metadata']),
    },
    atMs: momentOf(given, timezone),
    budget: failed
      ? undefined
      : { class: text(given['budget'], 'standard'), remainingCents: number(remaining, 100_000) },
    ext: entries(given['ext']),
  };
}

function subjectOf(given: Values): SubjectFacts {
  const person = given['on_behalf_of'];
  const department = given['department'];
  return {
    id: text(given['id'], 'subject-under-test'),
    kind: text(given['kind'], 'human') as SubjectKind,
    issuer: text(given['issuer'], 'https://idp.example'),
    roles: list(given['roles'] ?? ['nurse']),
    groups: list(given['groups']),
    scopes: list(given['scopes']),
    ...(typeof department === 'string' ? { department } : {}),
    clearance: number(given['clearance'], 0),
    attributes: entries(given['attrs']),
    ...(isMap(person) ? { onBehalfOf: subjectOf(person) } : {}),
  };
}

function dataOf(given: Values): DataFacts {
  const classes = numbers(given['conf']);
  const spanless = list(given['spanless']);
  const residual = isMap(given['residual'])
    ? numbers(given['residual'])
    : Object.fromEntries(Object.entries(classes).filter(([name]) => spanless.includes(name)));
  return {
    classes,
    residual,
    spanless,
    detectors: list(given['detectors']),
    deep: text(given['deep'], 'none') as DataFacts['deep'],
    attachments: list(given['attachments']),
  };
}

/** A minute and weekday (or date) of the policy's zone as a moment; Wednesday the 14th of January 2026 by default. */
function momentOf(given: Values, timezone: string): number {
  const date = given['date'];
  const weekday = weekdays.findIndex((name) => name === given['weekday']);
  const day =
    typeof date === 'string' ? Date.parse(`${date}T00:00:00Z`) : baseDay + (weekday === -1 ? 0 : weekday - 3) * dayMs;
  const local = day + number(given['minute'], 600) * 60_000;
  return local - offsetMs(timezone, local - offsetMs(timezone, local));
}

function isMap(value: JsonValue | undefined): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: JsonValue | undefined): Values {
  return isMap(value) ? value : {};
}

function texts(value: JsonValue | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(entries(value)).map(([key, member]) => [key, text(member, JSON.stringify(member))]),
  );
}

function numbers(value: JsonValue | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(entries(value)).map(([key, member]) => [key, Number(member)]));
}

function text(value: JsonValue | undefined, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function number(value: JsonValue | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function list(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((item: JsonValue) => text(item, JSON.stringify(item))) : [];
}

/** The endpoints that a document without `fixtures` is tested against. */
export const sampleEndpoints: readonly Endpoint[] = [
  sample('azure-eu-baa', { provider: 'azure.openai', region: 'westeurope', costClass: 2, certs: ['HIPAA-BAA'] }),
  sample('vllm-onprem', { provider: 'vllm', region: 'fra-1', selfHosted: true, certs: ['HIPAA-BAA'] }),
  sample('openai-us', { provider: 'openai', region: 'us-east', residency: 'US', costClass: 3 }),
  sample('mistral-eu', { provider: 'mistral', region: 'fr-par', costClass: 1 }),
];

interface Sample extends Partial<Omit<Endpoint, 'id' | 'assurances'>> {
  readonly certs?: readonly string[];
}

export function sample(id: string, { certs = [], ...more }: Sample): Endpoint {
  return {
    id: id as EndpointId,
    provider: 'openai-compatible',
    baseUrl: 'https://endpoint.invalid',
    region: 'eu',
    residency: 'EU',
    assurances: certs.map((name) => ({ name, validFrom: 0, validUntil: Number.MAX_SAFE_INTEGER })),
    zeroRetention: false,
    selfHosted: false,
    costClass: 0,
    maxClassification: 0,
    models: [],
    keys: [],
    settings: {},
    ...more,
  };
}
