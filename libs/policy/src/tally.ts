import type { Obligations } from '@writ/domain';
import { obligationsOf } from './asked.js';
import { type ChangeKind, changeKinds, changesBetween } from './changes.js';
import { byEngine, decideQuickly } from './decide.js';
import { evaluateAll } from './evaluation.js';
import { explain } from './explain.js';
import type { Facts } from './facts.js';
import { policyLimits } from './limits.js';
import type { LinkedPolicy } from './link.js';
import { isEmpty } from './outcome.js';
import type { ChangeExample, ChangeGroup, SimulationReport, UnknownFact } from './simulation-report.js';
import { unknownPaths } from './unknown-facts.js';

/** Counts what changes, request by request. */
export class Tally {
  #requests = 0;
  #changed = 0;
  #withUnknownFacts = 0;
  readonly #counts = emptyOf(() => 0);
  readonly #examples = emptyOf((): ChangeExample[] => []);
  readonly #groups = new Map<string, ChangeGroup>();
  readonly #unknown = new Map<string, number>();

  constructor(readonly most: number) {}

  add(id: string, facts: Facts, old: LinkedPolicy, fresh: LinkedPolicy): void {
    this.#requests += 1;
    if (facts.data === undefined || facts.budget === undefined) this.#withUnknownFacts += 1;
    for (const path of unknownPaths(fresh, facts)) this.#unknown.set(path, (this.#unknown.get(path) ?? 0) + 1);
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
      groups: mostFrequent(this.#groups),
      examples: this.#examples,
      withUnknownFacts: this.#withUnknownFacts,
      unknownFacts: mostUnknown(this.#unknown),
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

export function mostFrequent(groups: ReadonlyMap<string, ChangeGroup>): readonly ChangeGroup[] {
  return [...groups.values()].toSorted((a, b) => b.count - a.count).slice(0, 200);
}

export function mostUnknown(unknown: ReadonlyMap<string, number>): readonly UnknownFact[] {
  return [...unknown].map(([path, requests]) => ({ path, requests })).toSorted((a, b) => b.requests - a.requests);
}

export function emptyOf<T>(make: (kind: ChangeKind) => T): Record<ChangeKind, T> {
  return Object.fromEntries(changeKinds.map((kind) => [kind, make(kind)])) as Record<ChangeKind, T>;
}
