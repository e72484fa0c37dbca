import type { LimitRule, Subject } from '@writ/domain';
import { applicable, oncePerSubject } from './applicable.js';
import { nameOf } from './key.js';

/** What one rule counts for one holder. A limit that the rule does not set is undefined. */
export interface Counter {
  readonly rule: LimitRule;
  /** Its name in Redis, behind the tenant's tag and the kind. */
  readonly name: string;
  readonly requests: number | undefined;
  readonly tokens: number | undefined;
  readonly concurrency: number | undefined;
  /** As a part of the JSON that the script reads: the name and the three limits, -1 for one that is not set. */
  readonly json: string;
}

/** More holders of one rule than this, and its names are made anew. */
const holdersRemembered = 10_000;
/** By rule, which lives as long as its snapshot, then by holder: a name is hashed once and not for each request. */
const known = new WeakMap<LimitRule, Map<string, Counter>>();

/** The counters that one request touches, of the rules that count for its subject. */
export const countersOf: (rules: readonly LimitRule[], subject: Subject) => readonly Counter[] = oncePerSubject(
  (rules: readonly LimitRule[], subject) =>
    applicable(rules, subject).map(({ rule, holder }) => counterOf(rule, holder)),
);

function counterOf(rule: LimitRule, holder: string): Counter {
  let ofRule = known.get(rule);
  if (!ofRule) {
    ofRule = new Map<string, Counter>();
    known.set(rule, ofRule);
  }
  const found = ofRule.get(holder);
  if (found) return found;
  if (ofRule.size >= holdersRemembered) ofRule.clear();
  const made = counter(rule, nameOf('rule', rule.id, rule.scope, holder));
  ofRule.set(holder, made);
  return made;
}

function counter(rule: LimitRule, name: string): Counter {
  const { requestsPerMinute: requests, tokensPerMinute: tokens, concurrency } = rule;
  return {
    rule,
    name,
    requests,
    tokens,
    concurrency,
    json: `"${name}",${requests ?? -1},${tokens ?? -1},${concurrency ?? -1}`,
  };
}
