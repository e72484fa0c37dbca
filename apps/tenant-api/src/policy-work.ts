import { type Endpoint, type Result, type TenantContext, err, ok } from '@writ/domain';
import type { LogContext } from '@writ/ledger';
import {
  type Change,
  type Diagnostic,
  type Mutant,
  type RecordedFacts,
  type SimulationReport,
  policyLimits,
} from '@writ/policy';
import type { ProofOfInvariant, TaskKind, Tasks, WorkshopRefusal } from '@writ/policy/prove';
import type { Ports } from './ports.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';

/** Larger texts are refused before anything reads them. */
export const sourceLimit = policyLimits.sourceLength;

/** Everything the gate found out about one text; stored with the version and shown to its approver. */
export interface Check {
  readonly passed: boolean;
  readonly hash: string;
  readonly sourceHash: string;
  /** Hash of the version in force, against which the changes are listed. */
  readonly inForce: string | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly failedTests: readonly {
    readonly name: string;
    readonly line: number;
    readonly passed: boolean;
    readonly differences: readonly string[];
  }[];
  readonly survivors: readonly Mutant[];
  readonly changes: readonly Change[];
  readonly loosenings: readonly Change[];
  readonly proofs: readonly { readonly name: string; readonly verdict: string; readonly witness: string | null }[];
  readonly disagreements: number;
  readonly replayed: number;
  readonly replayChanges: readonly { readonly kind: string; readonly count: number }[];
}

export interface CheckOrder {
  readonly source: string;
  readonly inForce: { readonly source: string; readonly hash: string } | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Facts of recent requests: engine and specification are compared on them, and old and new are replayed. */
  readonly recorded: readonly RecordedFacts[];
}

/** Requests of which a check compares engine and specification, and replays old and new. */
export const checkedRequests = 1_000;

/** The gate of publishing, in its order: types, tests, broken rules, loosenings, proofs, replay. */
export async function checkSource(
  { policy }: Pick<Ports, 'policy'>,
  { tenant }: TenantContext,
  { source, inForce, endpoints, recorded }: CheckOrder,
): Promise<Result<Check, UserError | readonly Diagnostic[]>> {
  const task = <K extends TaskKind>(kind: K, ask: Tasks[K]['ask']) => policy.perform(tenant, kind, ask);
  const sampled = recorded.map(({ facts }) => facts);
  const gated = await task('gate', { source, sampled, ...(inForce && { inForce: inForce.source }) });
  if (!gated.ok) return err(refusalOf(gated.error));
  if (!gated.value.ok) return gated.value;
  const diff = inForce && (await task('diff', { before: inForce.source, after: source }));
  if (diff?.ok === false) return err(refusalOf(diff.error));
  const proofs = await policy.prover(tenant).prove(source);
  if (!proofs.ok) return proofs;
  const replay =
    inForce &&
    recorded.length > 0 &&
    (await task('simulate', {
      ...layers(policy),
      before: inForce.source,
      after: source,
      endpoints,
      records: recorded,
    }));
  if (replay !== undefined && replay !== false && !replay.ok) return err(refusalOf(replay.error));
  const replayed = replay !== undefined && replay !== false && replay.value.ok ? replay.value.value : undefined;
  const { failedTests, ...report } = gated.value.value;
  return ok({
    ...report,
    passed: report.passed && proofs.value.every(({ proof }) => proof.verdict === 'proved'),
    inForce: inForce?.hash ?? null,
    failedTests: failedTests.map(({ name, line, passed, differences }) => ({ name, line, passed, differences })),
    changes: diff?.value.ok === true ? diff.value.value.changes : [],
    proofs: proofs.value.map(toldProof),
    replayed: replayed?.requests ?? 0,
    replayChanges: countsIn(replayed),
  });
}

export function layers({ platform }: Ports['policy']): { readonly platform?: string } {
  return platform === undefined ? {} : { platform };
}

export function toldProof({ name, proof }: ProofOfInvariant): Check['proofs'][number] {
  return { name, verdict: proof.verdict, witness: proof.verdict === 'broken' ? JSON.stringify(proof.witness) : null };
}

function countsIn(report: SimulationReport | undefined): Check['replayChanges'] {
  return Object.entries(report?.counts ?? {}).flatMap(([kind, count]) => (count > 0 ? [{ kind, count }] : []));
}

/** Facts of the newest requests, for a check. */
export async function recentFacts(
  { evidence }: Pick<Ports, 'evidence'>,
  log: LogContext,
): Promise<readonly RecordedFacts[]> {
  return (await evidence.facts(log, { first: checkedRequests })).records;
}

/** A task that ended without an answer, told to who asked for it. */
export function refusalOf(because: WorkshopRefusal): UserError {
  switch (because) {
    case 'too-busy':
      return userError(
        '',
        UserErrorCode.TOO_BUSY,
        'Others of your policies are being read; try again in a few seconds.',
      );
    case 'too-slow':
      return userError('source', UserErrorCode.TOO_SLOW, 'Reading this policy took too long; make it smaller.');
    default:
      return userError('source', UserErrorCode.UNAVAILABLE, 'This policy could not be read; its operators must look.');
  }
}
