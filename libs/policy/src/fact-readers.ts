import { highest, lowest } from './expression.js';
import { localMinute, localTime, weekdays } from './local-time.js';
import {
  type Fact,
  type View,
  absent,
  readFact,
  readJustification,
  readNamed,
  saturate,
  unknown,
} from './read-fact.js';

/** How the engine reads one fact: found once per image, called once per request. */
export type FactReader = (view: View) => Fact;

/** A plain integer needs no look at its edges. */
function whole(value: number): Fact {
  return Number.isInteger(value) && value > lowest && value < highest ? value : saturate(value);
}

const readers: Readonly<Record<string, FactReader>> = {
  'subject.id': ({ subject }) => subject.id,
  'subject.kind': ({ subject }) => subject.kind,
  'subject.issuer': ({ subject }) => subject.issuer,
  'subject.roles': ({ subject }) => subject.roles,
  'subject.groups': ({ subject }) => subject.groups,
  'subject.scopes': ({ subject }) => subject.scopes,
  'subject.department': ({ subject }) => subject.department ?? absent,
  'subject.clearance': ({ subject }) => whole(subject.clearance),
  'subject.on_behalf_of': ({ subject }) => subject.onBehalfOf?.id ?? absent,
  'data.complete': ({ facts }) => (facts.data === undefined ? 0 : 1),
  'data.deep': ({ facts }) => facts.data?.deep ?? unknown,
  'data.detectors': ({ facts }) => facts.data?.detectors ?? unknown,
  'request.route': ({ facts }) => facts.request.route,
  'request.model': ({ facts }) => facts.request.model,
  'request.tools': ({ facts }) => facts.request.tools,
  'request.mcp_servers': ({ facts }) => facts.request.mcpServers,
  'request.stream': ({ facts }) => (facts.request.stream ? 1 : 0),
  'request.priced': ({ facts: { request } }) => (request.priced === undefined ? unknown : request.priced ? 1 : 0),
  'request.justification': ({ facts }) => readJustification(facts.request),
  'request.est_tokens': ({ facts }) => whole(facts.request.estimatedTokens),
  'time.minute': ({ facts, timezone }) => localMinute(timezone, facts.atMs) ?? unknown,
  'time.date': ({ facts, timezone }) => localTime(timezone, facts.atMs)?.date ?? unknown,
  'time.weekday': ({ facts, timezone }) => weekdays[localTime(timezone, facts.atMs)?.weekday ?? -1] ?? unknown,
  'budget.class': ({ facts }) => facts.budget?.class ?? unknown,
  'budget.remaining_cents': ({ facts }) => (facts.budget === undefined ? unknown : whole(facts.budget.remainingCents)),
};

const known = new Map(Object.entries(readers));

export function factReaderOf(path: string): FactReader {
  const reader = known.get(path);
  if (reader !== undefined) return reader;
  const names = path.split('.');
  return (view) => readNamed(view, names);
}

export function readFast(view: View, path: string): Fact {
  const reader = known.get(path);
  return reader === undefined ? readFact(view, path) : reader(view);
}
