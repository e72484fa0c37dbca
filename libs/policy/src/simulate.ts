import type { Decision, Endpoint, Obligations, Permit } from '@writ/domain';
import { obligationsOf } from './asked.js';
import { byEngine, decideQuickly } from './decide.js';
import { evaluateAll } from './evaluation.js';
import { explain } from './explain.js';
import type { Explanation } from './explanation.js';
import type { Facts } from './facts.js';
import type { PolicyImage } from './image.js';
import { isEmpty } from './outcome.js';
import { policyLimits } from './limits.js';
import { type LinkedPolicy, link } from './link.js';

/** One past request: its record's id, the facts stored with it, and how often it stands for the same. */
export interface RecordedFacts {
  readonly id: string;
  readonly facts: Facts;
}

export const changeKinds = [
  'newly-denied',
  'newly-permitted',
  'endpoints-added',
  'endpoints-removed',
  'redactions-added',
  'redactions-removed',
  'obligations-changed',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

export interface ChangeExample {
  readonly id: string;
  readonly before: Explanation;
  readonly after: Explanation;
}

export interface ChangeGroup {
  readonly kind: ChangeKind;
  /** The rules that stopped and started to matter: `before -> after`. */
  readonly rules: string;
  readonly count: number;
}

export interface SimulationReport {
  readonly requests: number;
  readonly changed: number;
  readonly counts: Readonly<Record<ChangeKind, number>>;
  readonly groups: readonly ChangeGroup[];
  readonly examples: Readonly<Record<ChangeKind, readonly ChangeExample[]>>;
  /** Requests whose facts lack a source that was unavailable when they were recorded. */
  readonly withUnknownFacts: number;
}

export interface Simulation {
  readonly before: PolicyImage;
  readonly after: PolicyImage;
  readonly platform?: PolicyImage;
  readonly endpoints: readonly Endpoint[];
  readonly records: Iterable<RecordedFacts>;
  /** Examples kept of each kind; ten unless told. */
  readonly examples?: number;
}

/** Which of these requests would be decided otherwise? Assurances hold as they did at each request's own moment. */
export function simulate(simulation: Simulation): SimulationReport {
  const tally = new Tally(simulation.examples ?? 10);
  let links: { readonly before: LinkedPolicy; readonly after: LinkedPolicy } | undefined;
  for (const { id, facts } of simulation.records) {
    if (links === undefined || facts.atMs < links.before.validFromMs || facts.atMs >= links.before.validUntilMs) {
      const { before, after, endpoints, platform } = simulation;
      links = {
        before: link(before, endpoints, facts.atMs, platform),
        after: link(after, endpoints, facts.atMs, platform),
      };
    }
    tally.add(id, facts, links.before, links.after);
  }
  return tally.report();
}

/** How two decisions on the same facts differ; for simulation, and for a shadow version beside the live one. */
export function changesBetween(before: Decision, after: Decision): readonly ChangeKind[] {
  if (before.effect === 'deny') return after.effect === 'deny' ? [] : ['newly-permitted'];
  if (after.effect === 'deny') return ['newly-denied'];
  const changes: ChangeKind[] = [];
  if (hasBeyond(after, before)) changes.push('endpoints-added');
  if (hasBeyond(before, after)) changes.push('endpoints-removed');
  if (before.obligations === after.obligations) return changes;
  if (redactionsOf(after).some((key) => !redactionsOf(before).includes(key))) changes.push('redactions-added');
  if (redactionsOf(before).some((key) => !redactionsOf(after).includes(key))) changes.push('redactions-removed');
  if (besides(before) !== besides(after)) changes.push('obligations-changed');
  return changes;
}

function hasBeyond(one: Permit, other: Permit): boolean {
  return one.authorizedEndpoints.some((endpoint) => !other.authorizedEndpoints.includes(endpoint));
}

function redactionsOf({ obligations }: Permit): readonly string[] {
  return obligations.redactions.map(({ class: name, style }) => `${name} ${style}`);
}

/** The obligations without request redactions and without the names of rules. */
function besides({ obligations }: Permit): string {
  const { redactions, response, ...rest } = obligations;
  const asked = response.redactions.map(({ class: name, style }) => `${name} ${style}`);
  return JSON.stringify([rest, { ...response, redactions: asked }, redactions.length > 0]);
}

class Tally {
  #requests = 0;
  #changed = 0;
  #withUnknownFacts = 0;
  readonly #counts = emptyOf(() => 0);
  readonly #examples = emptyOf((): ChangeExample[] => []);
  readonly #groups = new Map<string, ChangeGroup>();

  constructor(readonly most: number) {}

  add(id: string, facts: Facts, old: LinkedPolicy, fresh: LinkedPolicy): void {
    this.#requests += 1;
    if (facts.data === undefined || facts.budget === undefined) this.#withUnknownFacts += 1;
    if (sameAtAGlance(old, fresh, facts)) return;
    const before = decideQuickly(old, facts);
    const after = decideQuickly(fresh, facts);
    const kinds = changesBetween(before, after);
    if (kinds.length === 0) return;
    this.#changed += 1;
    const stopped = before.matched.filter((rule) => !after.matched.includes(rule));
    const started = after.matched.filter((rule) => !before.matched.includes(rule));
    const rules = `${stopped.join(', ') || '(same rules)'} -> ${started.join(', ') || '(same rules)'}`;
    for (const kind of kinds) {
      this.#counts[kind] += 1;
      const key = `${kind} ${rules}`;
      this.#groups.set(key, { kind, rules, count: (this.#groups.get(key)?.count ?? 0) + 1 });
      const examples = this.#examples[kind];
      if (examples.length < this.most) examples.push({ id, before: explain(old, facts), after: explain(fresh, facts) });
    }
  }

  report(): SimulationReport {
    return {
      requests: this.#requests,
      changed: this.#changed,
      counts: this.#counts,
      groups: [...this.#groups.values()].toSorted((a, b) => b.count - a.count).slice(0, 200),
      examples: this.#examples,
      withUnknownFacts: this.#withUnknownFacts,
    };
  }
}

/** The same endpoints and the same obligations, without writing a decision: nearly every request of a replay. */
function sameAtAGlance(old: LinkedPolicy, fresh: LinkedPolicy, facts: Facts): boolean {
  if (facts.subject.onBehalfOf !== undefined || old.endpoints.length !== fresh.endpoints.length) return false;
  const before = evaluateAll(byEngine, old, facts, [facts.subject], 'none');
  const isDenied = isEmpty(before.authorized, before.authorized.length);
  const obligations = isDenied ? undefined : obligationsOf(old, before.evaluations, before.authorized);
  keptBits.set(before.authorized);
  const after = evaluateAll(byEngine, fresh, facts, [facts.subject], 'none');
  for (let block = 0; block < after.authorized.length; block += 1)
    if (after.authorized[block] !== keptBits[block]) return false;
  if (obligations === undefined) return true;
  const asked = obligationsOf(fresh, after.evaluations, after.authorized);
  return obligations === asked || askedText(obligations) === askedText(asked);
}

/** What the older version authorizes, while the newer one is evaluated in the same working memory. */
const keptBits = new Int32Array((policyLimits.endpoints + 31) >> 5);

const texts = new WeakMap<Obligations, string>();

/** Obligations are merged once for each mixture of rules, so each text is written once. */
function askedText(obligations: Obligations): string {
  let text = texts.get(obligations);
  if (text === undefined) {
    text = JSON.stringify(obligations);
    texts.set(obligations, text);
  }
  return text;
}

function emptyOf<T>(make: () => T): Record<ChangeKind, T> {
  return Object.fromEntries(changeKinds.map((kind) => [kind, make()])) as Record<ChangeKind, T>;
}
