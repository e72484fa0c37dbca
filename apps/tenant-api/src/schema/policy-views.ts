import type { Diagnostic, Explanation, SimulationReport } from '@writ/policy';
import type * as c from '@writ/postgres/control';
import type { Check } from '../policy-work.js';
import type { Replayed } from '../replay.js';
import { toId } from './ids.js';
import type { Policy } from './policy.types.js';
import type * as r from './policy-reports.types.js';

/** The one translation from rows and reports of the policy to GraphQL. */
export const viewPolicy = (row: c.PolicyVersionRow): Policy => ({
  id: toId('Policy', row.id),
  number: row.number,
  source: row.source,
  hash: row.hash,
  diagnostics: [...row.diagnostics],
  sourceHash: row.sourceHash,
  parentHash: row.parentHash,
  state: row.state,
  author: row.author,
  approver: row.approver,
  publisher: row.publisher,
  publishedAt: row.publishedAt?.toISOString() ?? null,
  shadow: row.shadow,
  rollbackOf: row.rollbackOf,
  check: row.report === null ? null : viewCheck(row.report as unknown as Check),
  ticked: [...row.ticked],
  version: row.version,
});

export const viewCheck = (check: Check): r.PolicyCheck => ({
  passed: check.passed,
  hash: check.hash,
  inForce: check.inForce,
  diagnostics: [...check.diagnostics],
  failedTests: check.failedTests.map(({ differences, ...test }) => ({ ...test, differences: [...differences] })),
  survivors: [...check.survivors],
  changes: [...check.changes],
  loosenings: [...check.loosenings],
  proofs: [...check.proofs],
  disagreements: check.disagreements,
  replayed: check.replayed,
  replayChanges: [...check.replayChanges],
});

const viewBecause = (because: Explanation['matched'][number]['because']): r.PolicyBecause[] =>
  because.map(({ condition, actual }) => ({ condition, actual: JSON.stringify(actual) }));

export const viewExplanation = (explanation: Explanation): r.PolicyExplanation => ({
  decision: explanation.decision,
  code: explanation.code,
  reason: explanation.reason ?? null,
  policyVersion: explanation.policy.version,
  policyHash: explanation.policy.hash,
  authorized: [...explanation.authorized],
  permitted: [...explanation.permitted],
  excluded: explanation.excluded.map(({ endpoint, by }) => ({ endpoint, by: [...by] })),
  matched: explanation.matched.map(({ because, ...rule }) => ({ ...rule, because: viewBecause(because) })),
  overridden: explanation.overridden.map(({ rule, by }) => ({ rule, by: [...by] })),
  unknown: [...explanation.unknown],
  nearMisses: explanation.nearMisses.map(({ rule, failedOn }) => ({ rule, failedOn: viewBecause(failedOn) })),
  redactions: Object.entries(explanation.redactions).map(([name, { style, by }]) => ({
    class: name,
    style,
    by: [...by],
  })),
  obligations: JSON.stringify(explanation.obligations),
});

export const countsOf = (counts: SimulationReport['counts']): r.PolicyChangeCount[] =>
  Object.entries(counts).map(([kind, count]) => ({ kind, count }));

export const viewSimulation = (
  { report, unreadable, complete, reached }: Replayed,
  diagnostics: readonly Diagnostic[] = [],
): r.PolicySimulation => ({
  diagnostics: [...diagnostics],
  requests: report?.requests ?? 0,
  changed: report?.changed ?? 0,
  withUnknownFacts: report?.withUnknownFacts ?? 0,
  unknownFacts: [...(report?.unknownFacts ?? [])],
  unreadable,
  complete,
  reached: reached === undefined ? null : toId('Record', reached),
  counts: report === undefined ? [] : countsOf(report.counts),
  groups: [...(report?.groups ?? [])],
  examples: Object.entries(report?.examples ?? {}).flatMap(([kind, examples]) =>
    examples.map(({ id, before, after }) => ({
      kind,
      decisionId: toId('Record', id),
      before: viewExplanation(before),
      after: viewExplanation(after),
    })),
  ),
});
