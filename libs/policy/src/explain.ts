import type { Decision, EndpointId, JsonValue, PolicyRef, RedactionStyle } from '@writ/domain';
import { attributeOf } from './attributes.js';
import { byEngine, decide, delegationOf } from './decide.js';
import { type DecodedLeaf, clock, decodeLeaves } from './decode-leaf.js';
import { type Evaluation, evaluateAll, ruleName } from './evaluation.js';
import type { Facts } from './facts.js';
import { readFast } from './fact-readers.js';
import type { ImageReader } from './image-reader.js';
import { layerInteger } from './layer-integer.js';
import type { LinkedPolicy } from './link.js';
import { selectEndpoints } from './link-layer.js';
import { hasBit, indexesOf } from './outcome.js';
import { type Effect, type RuleObligations, answerIfUnknown } from './program.js';
import { type Fact, type View, absent, unknown } from './read-fact.js';
import { leafAnswer } from './reference.js';

/** One condition with what the request had. Free text of the caller is shown as present, never quoted. */
export interface Because {
  readonly condition: string;
  readonly actual: JsonValue;
}

export interface MatchedRule {
  readonly rule: string;
  readonly effect: Effect;
  /** In a delegation: the subject for whom it matched. */
  readonly subject?: string;
  readonly because: readonly Because[];
  readonly reason: string;
}

/** The whole story of a decision, for operators. Callers get its code and reason only. */
export interface Explanation {
  readonly decision: 'permit' | 'redact' | 'deny';
  readonly code: string;
  readonly reason?: string;
  readonly policy: PolicyRef;
  readonly factsHash: string;
  readonly catalogueHash: string;
  readonly authorized: readonly EndpointId[];
  readonly permitted: readonly EndpointId[];
  readonly excluded: readonly { readonly endpoint: EndpointId; readonly by: readonly string[] }[];
  readonly matched: readonly MatchedRule[];
  readonly overridden: readonly { readonly rule: string; readonly by: readonly string[] }[];
  readonly unknown: readonly { readonly path: string; readonly cause: string; readonly treatedAs: string }[];
  /** On a deny: the permits that came nearest, and what they failed on. */
  readonly nearMisses: readonly { readonly rule: string; readonly failedOn: readonly Because[] }[];
  readonly redactions: Readonly<Record<string, { readonly style: RedactionStyle; readonly by: readonly string[] }>>;
  readonly obligations: readonly ({ readonly by: string } & RuleObligations)[];
}

/** The full form: decides again, which is exact because facts and policy are frozen, and writes down why. */
export function explain(policy: LinkedPolicy, facts: Facts): Explanation {
  const decision = decide(policy, facts);
  const subjects = delegationOf(facts.subject) ?? [];
  const { evaluations, authorized } = evaluateAll(byEngine, policy, facts, subjects, 'none');
  const views = evaluations.map(({ layer, subject }): View => {
    return { facts, subject, timezone: layer.linked.reader.timezone };
  });
  const permitted = permittedByAll(evaluations, authorized.length);
  const outside =
    decision.effect === 'permit' ? permitted.map((bits, block) => bits & ~(authorized[block] ?? 0)) : permitted;
  const excluders: (string[] | undefined)[] = [];
  const stories = evaluations.map((evaluation, index) =>
    storyOf(evaluation, views[index] ?? viewOf(facts), decision.effect, outside, excluders),
  );
  const several = subjects.length > 1;
  return {
    ...verdictOf(decision),
    authorized: decision.effect === 'permit' ? decision.authorizedEndpoints : [],
    permitted: namesOf(policy, permitted),
    excluded: indexesOf(outside).flatMap((index) => {
      const by = excluders[index];
      const endpoint = policy.endpoints[index]?.id;
      return by === undefined || endpoint === undefined ? [] : [{ endpoint, by }];
    }),
    matched: stories.flatMap(({ matched, subject }) => matched.map((rule) => (several ? { ...rule, subject } : rule))),
    overridden: stories.flatMap(({ overridden }) => overridden),
    unknown: unknownIn(evaluations, views),
    nearMisses: stories.flatMap(({ nearMisses }) => nearMisses).slice(0, 5),
    obligations: stories.flatMap(({ obligations }) => obligations),
  };
}

function permittedByAll(evaluations: readonly Evaluation[], words: number): Int32Array {
  const bits = new Int32Array(words).fill(evaluations.length > 0 ? -1 : 0);
  for (const { outcome } of evaluations)
    for (let block = 0; block < words; block += 1) bits[block] = (bits[block] ?? 0) & (outcome.permitted[block] ?? 0);
  return bits;
}

function namesOf(policy: LinkedPolicy, bits: Int32Array): readonly EndpointId[] {
  return indexesOf(bits).flatMap((index) => policy.endpoints[index]?.id ?? []);
}

function viewOf(facts: Facts): View {
  return { facts, subject: facts.subject, timezone: 'UTC' };
}

function verdictOf(decision: Decision) {
  const { policy, factsHash, catalogueHash } = decision;
  const redactions = decision.effect === 'permit' ? decision.obligations.redactions : [];
  return {
    decision:
      decision.effect === 'deny'
        ? ('deny' as const)
        : redactions.length > 0
          ? ('redact' as const)
          : ('permit' as const),
    code: decision.effect === 'deny' ? decision.code : 'OK',
    ...(decision.effect === 'deny' ? { reason: decision.reason } : {}),
    policy,
    factsHash,
    catalogueHash,
    redactions: Object.fromEntries(redactions.map(({ class: name, style, by }) => [name, { style, by }])),
  };
}

/** Adds the names of the rules that keep an endpoint out to `excluders`, for the endpoints in `outside`. */
function storyOf(
  evaluation: Evaluation,
  view: View,
  verdict: Decision['effect'],
  outside: Int32Array,
  excluders: (string[] | undefined)[],
) {
  const { layer, outcome, subject } = evaluation;
  const { reader } = layer.linked;
  const matchedRules = indexesOf(outcome.matched);
  const overrides = matchedRules.filter((rule) => reader.effect(rule) === 'override');
  const integers = layerInteger(layer.linked, view);
  const bits = new Int32Array(outside.length);
  for (const rule of matchedRules) {
    const effect = reader.effect(rule);
    if ((effect !== 'deny' && effect !== 'restrict') || hasBit(outcome.lifted, rule)) continue;
    bits.fill(0);
    selectEndpoints(layer.linked, reader.expression(rule), integers, false, bits);
    for (let block = 0; block < bits.length; block += 1) bits[block] = (bits[block] ?? 0) & (outside[block] ?? 0);
    const name = ruleName(layer, rule);
    for (const index of indexesOf(bits)) {
      const by = excluders[index];
      if (by === undefined) excluders[index] = [name];
      else if (!by.includes(name)) by.push(name);
    }
  }
  return {
    subject: subject.id,
    matched: matchedRules.map((rule): MatchedRule => {
      const because = becauseOf(decodeLeaves(reader, rule), view, true);
      return { rule: ruleName(layer, rule), effect: reader.effect(rule), because, reason: reader.reason(rule) };
    }),
    overridden: indexesOf(outcome.lifted).map((rule) => ({
      rule: ruleName(layer, rule),
      by: overrides.filter((by) => (reader.tags(by) & reader.tags(rule)) !== 0).map((by) => ruleName(layer, by)),
    })),
    nearMisses: verdict === 'permit' ? [] : nearMissesOf(evaluation, view),
    obligations: matchedRules.flatMap((rule) => {
      const { oblige } = reader.asks(rule);
      return oblige === undefined ? [] : [{ by: ruleName(layer, rule), ...oblige }];
    }),
  };
}

/** Permits that did not match, the ones with the fewest failing conditions first. */
function nearMissesOf({ layer, outcome }: Evaluation, view: View) {
  const { reader } = layer.linked;
  return Array.from({ length: reader.rules }, (_, rule) => rule)
    .filter((rule) => reader.effect(rule) === 'permit' && !hasBit(outcome.matched, rule))
    .map((rule) => ({ rule: ruleName(layer, rule), failedOn: becauseOf(decodeLeaves(reader, rule), view, false) }))
    .toSorted((a, b) => a.failedOn.length - b.failedOn.length)
    .slice(0, 3);
}

/** The conditions that held (or failed), with what the request had. */
function becauseOf(leaves: readonly DecodedLeaf[], view: View, held: boolean): readonly Because[] {
  return leaves
    .filter(({ leaf, negated }) => {
      const answer = leafAnswer(leaf, view, readFast);
      return answer === undefined ? true : (answer !== negated) === held;
    })
    .map((leaf) => ({ condition: leaf.condition, actual: actualOf(leaf, view) }));
}

function actualOf({ leaf }: DecodedLeaf, view: View): JsonValue {
  if (leaf.kind === 'class') {
    const { data } = view.facts;
    return data === undefined ? 'unknown' : (data.classes[leaf.name] ?? 0) / 1000;
  }
  if (leaf.kind === 'pair')
    return [show(readFast(view, leaf.left), leaf.left), show(readFast(view, leaf.right), leaf.right)];
  return show(readFast(view, leaf.path), leaf.path);
}

function show(fact: Fact, path: string): JsonValue {
  if (fact === absent) return 'absent';
  if (fact === unknown) return 'unknown';
  const attribute = attributeOf(path);
  if (attribute?.asserted === true) return 'present';
  if (typeof fact !== 'number') return typeof fact === 'string' ? fact : [...fact];
  if (attribute?.type === 'boolean') return fact === 1;
  return path === 'time.minute' ? clock(fact) : fact;
}

function unknownIn(evaluations: readonly Evaluation[], views: readonly View[]) {
  const found = new Map<string, { readonly path: string; readonly cause: string; readonly treatedAs: string }>();
  for (const [index, { layer }] of evaluations.entries()) {
    const view = views[index];
    if (view === undefined) continue;
    for (const { leaf, path, treatedAs } of probesOf(layer.linked.reader)) {
      if (leafAnswer(leaf, view, readFast) !== undefined || isAbsent(leaf, view)) continue;
      found.set(`${path} ${treatedAs}`, { path, cause: causeFor(path, view.facts), treatedAs });
    }
  }
  return [...found.values()];
}

/** One condition for each fact that the rules read, and for each way in which it counts while it is unknown. */
interface Probe {
  readonly leaf: DecodedLeaf['leaf'];
  readonly path: string;
  readonly treatedAs: string;
}

const probes = new WeakMap<ImageReader, readonly Probe[]>();

function probesOf(reader: ImageReader): readonly Probe[] {
  const known = probes.get(reader);
  if (known !== undefined) return known;
  const found = new Map<string, Probe>();
  for (let rule = 0; rule < reader.rules; rule += 1) {
    const treatedAs = answerIfUnknown(reader.effect(rule)) ? 'holds, against the request' : 'does not hold';
    for (const { leaf } of decodeLeaves(reader, rule)) {
      const path = pathOf(leaf);
      const key = `${leaf.kind} ${path} ${treatedAs}`;
      if (!found.has(key)) found.set(key, { leaf, path, treatedAs });
    }
  }
  const listed = [...found.values()];
  probes.set(reader, listed);
  return listed;
}

function pathOf(leaf: DecodedLeaf['leaf']): string {
  if (leaf.kind === 'class') return `class(${leaf.name})`;
  return leaf.kind === 'pair' ? `${leaf.left}, ${leaf.right}` : leaf.path;
}

/** What good facts do not have is guarded by `has()` and no failure of a source. */
function isAbsent(leaf: DecodedLeaf['leaf'], view: View): boolean {
  return leaf.kind !== 'class' && leaf.kind !== 'pair' && readFast(view, leaf.path) === absent;
}

function causeFor(path: string, facts: Facts): string {
  if ((path.startsWith('class(') || path.startsWith('data.')) && facts.data === undefined)
    return 'classification incomplete';
  if (path.startsWith('budget.') && facts.budget === undefined) return 'the budget could not be read in time';
  return path.startsWith('ext.') ? 'the source did not answer in time' : 'not of the kind that the rule needs';
}
