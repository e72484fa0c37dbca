import type { Decision, Deny } from '@writ/domain';
import { canonicalJson, hashOf } from './canonical.js';
import type { Facts, SubjectFacts } from './facts.js';
import { type PolicyImage, programOf } from './image.js';
import { policyLimits } from './limits.js';
import type { LinkedPolicy } from './link.js';
import { type Asked, mergeObligations } from './obligations.js';
import type { Outcome } from './outcome.js';
import type { Program, Rule } from './program.js';
import type { Assumption } from './read-fact.js';
import { evaluateByReference } from './reference.js';

/** One evaluation of one layer for one subject. */
export interface Evaluation {
  readonly layer: 'platform' | 'tenant';
  readonly program: Program;
  readonly subject: SubjectFacts;
  readonly outcome: Outcome;
}

export type Evaluate = (
  policy: LinkedPolicy,
  image: PolicyImage,
  facts: Facts,
  subject: SubjectFacts,
  assume: Assumption,
) => Outcome;

const engine = 'wpl/1.0';

const byReference: Evaluate = (policy, image, facts, subject, assume) => {
  const program = programOf(image);
  const view = { facts, subject, timezone: program.timezone };
  return evaluateByReference(program, policy.endpoints, policy.linkedAtMs, view, assume);
};

/** Total: whatever goes wrong inside is a deny with a code. Relinks nothing; a link past `validUntilMs` denies. */
export function decide(policy: LinkedPolicy, facts: Facts): Decision {
  return decideWith(byReference, policy, facts);
}

export function decideWith(evaluate: Evaluate, policy: LinkedPolicy, facts: Facts): Decision {
  try {
    return conclude(evaluate, policy, facts);
  } catch {
    return denial(
      policy,
      [],
      '',
      'policy-invalid',
      'The policy could not be evaluated; the operators of this service can tell why.',
    );
  }
}

function conclude(evaluate: Evaluate, policy: LinkedPolicy, facts: Facts): Decision {
  const factsHash = hashOf(canonicalJson(facts));
  const deny = (code: string, reason: string, matched: readonly string[] = []): Deny =>
    denial(policy, matched, factsHash, code, reason);
  if (!(facts.atMs >= policy.validFromMs && facts.atMs < policy.validUntilMs)) {
    return deny('link-expired', 'An assurance of an endpoint began or ended meanwhile; try again at once.');
  }
  const subjects = delegationOf(facts.subject);
  if (subjects === undefined) {
    return deny(
      'delegation-too-deep',
      `A delegation may have ${policyLimits.delegation} subjects; ask for a direct token.`,
    );
  }
  const evaluations = evaluateAll(evaluate, policy, facts, subjects, 'none');
  const matched = matchedIds(evaluations);
  const authorized = authorizedBy(evaluations, policy.endpoints.length);
  if (authorized.length === 0) {
    const { code, reason } = causeOf(evaluate, policy, facts, subjects, evaluations);
    return deny(code, reason, matched);
  }
  const asked = askedBy(evaluations, authorized);
  const obligations = mergeObligations(asked);
  if (obligations.redactions.length > 0 && facts.data === undefined) {
    return deny(
      'classification-incomplete',
      'The request could not be classified in full, so it cannot be redacted.',
      matched,
    );
  }
  const unredactable = obligations.redactions.find(({ class: name }) => facts.data?.spanless.includes(name) === true);
  if (unredactable !== undefined) {
    const reason = `${unredactable.class} was found without its place, so it cannot be redacted (${unredactable.by.join(', ')}).`;
    return deny('unredactable-class', reason, matched);
  }
  const authorizedEndpoints = authorized.flatMap((index) => policy.endpoints[index]?.id ?? []);
  return { effect: 'permit', ...about(policy, matched, factsHash), authorizedEndpoints, obligations };
}

/** The caller, then the person it acts for, and so on; undefined when the chain is longer than the limit. */
export function delegationOf(subject: SubjectFacts): readonly SubjectFacts[] | undefined {
  const chain: SubjectFacts[] = [];
  for (let next: SubjectFacts | undefined = subject; next !== undefined; next = next.onBehalfOf) {
    if (chain.length === policyLimits.delegation) return undefined;
    chain.push(next);
  }
  return chain;
}

export function evaluateAll(
  evaluate: Evaluate,
  policy: LinkedPolicy,
  facts: Facts,
  subjects: readonly SubjectFacts[],
  assume: Assumption,
): readonly Evaluation[] {
  const layers = [
    ...(policy.platform === undefined ? [] : [{ layer: 'platform' as const, image: policy.platform }]),
    { layer: 'tenant' as const, image: policy.image },
  ];
  return layers.flatMap(({ layer, image }) =>
    subjects.map((subject) => ({
      layer,
      subject,
      program: programOf(image),
      outcome: evaluate(policy, image, facts, subject, assume),
    })),
  );
}

/** Indexes of the endpoints that every layer authorizes for every subject. */
export function authorizedBy(evaluations: readonly Evaluation[], endpoints: number): readonly number[] {
  const indexes = Array.from({ length: endpoints }, (_, index) => index);
  return indexes.filter((index) => evaluations.every(({ outcome }) => outcome.authorized[index] === true));
}

/** How decisions name a rule: the platform's own with its layer in front. */
export function ruleName(layer: Evaluation['layer'], rule: Rule): string {
  return layer === 'platform' ? `platform/${rule.id}` : rule.id;
}

function matchedIds(evaluations: readonly Evaluation[]): readonly string[] {
  const ids = new Set<string>();
  for (const layer of ['platform', 'tenant'] as const) {
    const ofLayer = evaluations.filter((evaluation) => evaluation.layer === layer);
    for (const [index, rule] of (ofLayer[0]?.program.rules ?? []).entries()) {
      if (ofLayer.some(({ outcome }) => outcome.matched[index] === true)) ids.add(ruleName(layer, rule));
    }
  }
  return [...ids];
}

/** Redactions count when any endpoint in question stayed authorized: the router may choose that one. */
function askedBy(evaluations: readonly Evaluation[], authorized: readonly number[]): readonly Asked[] {
  return evaluations.flatMap(({ layer, program, outcome }) =>
    program.rules.flatMap((rule, index): readonly Asked[] => {
      if (outcome.matched[index] !== true) return [];
      const name = ruleName(layer, rule);
      const obliged: readonly Asked[] = rule.oblige === undefined ? [] : [{ rule: name, oblige: rule.oblige }];
      if (rule.redact === undefined) return obliged;
      const inQuestion = outcome.inQuestion(index);
      const concerned = authorized.some((endpoint) => inQuestion[endpoint] === true);
      return concerned ? [...obliged, { rule: name, redact: rule.redact }] : obliged;
    }),
  );
}

/** Why nothing is authorized, and who can mend it. */
function causeOf(
  evaluate: Evaluate,
  policy: LinkedPolicy,
  facts: Facts,
  subjects: readonly SubjectFacts[],
  evaluations: readonly Evaluation[],
): { readonly code: string; readonly reason: string } {
  const wouldDoWith = (assume: Assumption) =>
    authorizedBy(evaluateAll(evaluate, policy, facts, subjects, assume), policy.endpoints.length).length > 0;
  if (facts.data === undefined && wouldDoWith('classification')) {
    const reason = 'The request could not be classified in full, and the policy denies what was not classified.';
    return { code: 'classification-incomplete', reason };
  }
  if (wouldDoWith('everything')) {
    const reason = 'A fact that the policy needs could not be fetched in time; try again, or ask the administrators.';
    return { code: 'fact-unavailable', reason };
  }
  for (const evaluation of evaluations) {
    const cause = causeWithin(evaluation);
    if (cause !== undefined) return cause;
  }
  const reason =
    'Each rule leaves an endpoint, but no endpoint satisfies all of them; the policy administrators can explain.';
  return { code: 'no-authorized-endpoint', reason };
}

function causeWithin({
  layer,
  program,
  outcome,
}: Evaluation): { readonly code: string; readonly reason: string } | undefined {
  if (outcome.authorized.includes(true)) return undefined;
  const matching = program.rules.filter(
    (_, index) => outcome.matched[index] === true && outcome.lifted[index] !== true,
  );
  if (!matching.some(({ effect }) => effect === 'permit')) {
    return { code: 'no-permit', reason: 'No rule of the policy permits this; its administrators can add one.' };
  }
  const denying = matching.find(({ effect, endpoints }) => effect === 'deny' && endpoints === undefined);
  if (denying !== undefined) {
    return { code: 'denied-by-rule', reason: `${denying.reason} (rule ${ruleName(layer, denying)})`.trim() };
  }
  const restricting = matching.filter(({ effect }) => effect === 'deny' || effect === 'restrict');
  const names = restricting.map((rule) => ruleName(layer, rule)).join(', ');
  const reason = `No endpoint satisfies the rules that apply (${names}); the policy administrators can explain.`;
  return { code: 'no-authorized-endpoint', reason };
}

function denial(
  policy: LinkedPolicy,
  matched: readonly string[],
  factsHash: string,
  code: string,
  reason: string,
): Deny {
  return { effect: 'deny', ...about(policy, matched, factsHash), code, reason };
}

function about({ image, platform, catalogueHash }: LinkedPolicy, matched: readonly string[], factsHash: string) {
  const { name, version, hash } = image;
  const above = platform === undefined ? '' : ` under ${platform.name}@${platform.version} ${platform.hash}`;
  return { policy: { name, version, hash, engine: `${engine}${above}` }, matched, factsHash, catalogueHash };
}
