import type { Endpoint, JsonValue } from '@writ/domain';
import { highest, lowest } from './expression.js';
import type { Facts, SubjectFacts } from './facts.js';
import { localTime, weekdays } from './local-time.js';

/** `absent`: good facts without it. `unknown`: its source failed, or its value is not of the kind the rule needs. */
export type Fact = string | number | readonly string[] | typeof absent | typeof unknown;
export const absent = Symbol('absent');
export const unknown = Symbol('unknown');

/** Which unknown facts are assumed to be in the request's favour; used only to name the cause of a denial. */
export type Assumption = 'none' | 'classification' | 'everything';

/** Everything one evaluation reads. `subject` is the caller or, in a delegation, a person the agent acts for. */
export interface View {
  readonly facts: Facts;
  readonly subject: SubjectFacts;
  readonly timezone: string;
}

/** The integer as rules see it: saturated to 32 bits, so that comparisons with literals keep their answer. */
export function saturate(value: number): number | typeof unknown {
  if (Number.isInteger(value)) return Math.min(highest, Math.max(lowest, value));
  return value === Infinity ? highest : unknown;
}

/** The value that a path of `when` names. */
export function readFact(view: View, path: string): Fact {
  return readNamed(view, path.split('.'));
}

/** The same for a path that was split before. */
export function readNamed(view: View, [namespace = '', name = '', ...rest]: readonly string[]): Fact {
  switch (namespace) {
    case 'subject':
      return name === 'on_behalf_of'
        ? readSubject(view.subject.onBehalfOf, rest[0], rest.slice(1))
        : readSubject(view.subject, name, rest);
    case 'tenant':
      return view.facts.tenant[name as keyof Facts['tenant']] ?? absent;
    case 'data':
      return readData(view.facts.data, name);
    case 'request':
      return readRequest(view.facts.request, name, rest);
    case 'time':
      return readTime(view, name);
    case 'budget':
      if (view.facts.budget === undefined) return unknown;
      return name === 'class' ? view.facts.budget.class : saturate(view.facts.budget.remainingCents);
    case 'ext':
      return readOpen(Object.hasOwn(view.facts.ext, name) ? view.facts.ext[name] : undefined, rest, unknown);
    default:
      return unknown;
  }
}

function readSubject(subject: SubjectFacts | undefined, name: string | undefined, rest: readonly string[]): Fact {
  if (subject === undefined) return absent;
  switch (name) {
    case 'id':
    case 'kind':
    case 'issuer':
    case 'roles':
    case 'groups':
    case 'scopes':
      return subject[name];
    case 'department':
      return subject.department ?? absent;
    case 'clearance':
      return saturate(subject.clearance);
    case 'attrs':
      return readOpen(subject.attributes, rest, absent);
    case undefined:
      return subject.id;
    default:
      return unknown;
  }
}

function readData(data: Facts['data'], name: string): Fact {
  if (name === 'complete') return data === undefined ? 0 : 1;
  if (data === undefined) return unknown;
  switch (name) {
    case 'classes':
      return Object.keys(data.classes).filter((key) => (data.classes[key] ?? 0) > 0);
    case 'detectors':
      return data.detectors;
    case 'attachments':
      return data.attachments;
    case 'deep':
      return data.deep;
    default:
      return unknown;
  }
}

function readRequest(request: Facts['request'], name: string, rest: readonly string[]): Fact {
  switch (name) {
    case 'route':
      return request.route;
    case 'model':
      return request.model;
    case 'tools':
      return request.tools;
    case 'mcp_servers':
      return request.mcpServers;
    case 'stream':
      return request.stream ? 1 : 0;
    case 'est_tokens':
      return saturate(request.estimatedTokens);
    case 'priced':
      return request.priced === undefined ? unknown : request.priced ? 1 : 0;
    case 'justification':
      return readJustification(request);
    case 'metadata': {
      const key = rest.join('.');
      return Object.hasOwn(request.metadata, key) ? (request.metadata[key] ?? absent) : absent;
    }
    default:
      return unknown;
  }
}

/** Blanks justify nothing. */
export function readJustification({ justification }: Facts['request']): Fact {
  return justification === undefined || justification.trim() === '' ? absent : justification;
}

function readTime(view: View, name: string): Fact {
  const time = localTime(view.timezone, view.facts.atMs);
  if (time === undefined) return unknown;
  if (name === 'minute') return time.minute;
  return name === 'date' ? time.date : (weekdays[time.weekday] ?? unknown);
}

/** Claims and outside values: JSON walked by name; only own members count. */
function readOpen(
  value: JsonValue | undefined,
  rest: readonly string[],
  missing: typeof absent | typeof unknown,
): Fact {
  let current = value;
  for (const name of rest) {
    if (typeof current !== 'object' || current === null || Array.isArray(current) || !Object.hasOwn(current, name)) {
      return missing;
    }
    current = (current as Readonly<Record<string, JsonValue>>)[name];
  }
  if (current === undefined || current === null) return missing;
  if (typeof current === 'string') return current;
  if (typeof current === 'number') return saturate(current);
  if (typeof current === 'boolean') return current ? 1 : 0;
  return isTexts(current) ? current : unknown;
}

function isTexts(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The value that a path of `endpoints` names, at the moment of linking. Always known. */
export function readEndpoint(endpoint: Endpoint, path: string, atMs: number): string | number | readonly string[] {
  switch (path) {
    case 'endpoint.id':
      return endpoint.id;
    case 'endpoint.provider':
      return endpoint.provider;
    case 'endpoint.region':
      return endpoint.region;
    case 'endpoint.residency':
      return endpoint.residency;
    case 'endpoint.models':
      return endpoint.models;
    case 'endpoint.certs':
      return endpoint.assurances
        .filter(({ validFrom, validUntil }) => validFrom <= atMs && atMs < validUntil)
        .map(({ name }) => name);
    case 'endpoint.cost_class':
      return endpoint.costClass;
    case 'endpoint.max_classification':
      return endpoint.maxClassification;
    case 'endpoint.zero_retention':
      return endpoint.zeroRetention ? 1 : 0;
    case 'endpoint.self_hosted':
      return endpoint.selfHosted ? 1 : 0;
    default:
      throw new Error(`no endpoint attribute ${path}`);
  }
}
