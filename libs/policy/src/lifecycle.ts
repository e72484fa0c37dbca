import { type Result, err, ok, unreachable } from '@writ/domain';
import type { Change } from './diff.js';

export const versionStates = ['draft', 'validated', 'submitted', 'approved', 'published', 'superseded'] as const;
export type VersionState = (typeof versionStates)[number];

/** A version of a policy on its way into force. Rows are immutable: each step makes a new value. */
export interface PolicyVersion {
  readonly version: number;
  readonly state: VersionState;
  /** Beside the live version: decided, compared and recorded, never enforced. */
  readonly shadow: boolean;
  readonly sourceHash: string;
  readonly semanticHash: string;
  /** The version that was in force when this one was drafted. */
  readonly parentHash: string | undefined;
  /** Who wrote the text that stands. */
  readonly author: string;
  /** Everyone who ever changed it: none of them may approve it. */
  readonly authors: readonly string[];
  readonly approver: string | undefined;
  /** Ids of the loosenings that the approver ticked. */
  readonly ticked: readonly string[];
  /** The version whose content this one brings back. */
  readonly rollbackOf: number | undefined;
}

export type Step =
  | { readonly kind: 'edit'; readonly author: string; readonly sourceHash: string; readonly semanticHash: string }
  | { readonly kind: 'validate'; readonly passed: boolean }
  | { readonly kind: 'submit' }
  | { readonly kind: 'shadow'; readonly on: boolean }
  | {
      readonly kind: 'approve';
      readonly approver: string;
      readonly ticked: readonly string[];
      readonly loosenings: readonly Change[];
    }
  | {
      readonly kind: 'publish';
      readonly expectedHash: string;
      readonly invariantsProved: boolean;
      /** False where the tenant has not asked for two people: then a validated version may be published. */
      readonly needsApproval: boolean;
    }
  | { readonly kind: 'supersede' };

/** Why a step is refused; each is told to the person who tried. */
export type StepRefusal =
  'wrong-state' | 'gate-failed' | 'own-approval' | 'loosening-not-ticked' | 'hash-differs' | 'invariant-not-proved';

/** One step of a version. An edit always returns to draft; approval needs another person and every loosening ticked. */
export function advance(version: PolicyVersion, step: Step): Result<PolicyVersion, StepRefusal> {
  const from = (...states: readonly VersionState[]) => states.includes(version.state);
  switch (step.kind) {
    case 'edit': {
      if (from('published', 'superseded')) return err('wrong-state');
      const { author, sourceHash, semanticHash } = step;
      return ok({
        ...version,
        state: 'draft',
        shadow: false,
        author,
        authors: [...new Set([...version.authors, author])],
        sourceHash,
        semanticHash,
        approver: undefined,
        ticked: [],
      });
    }
    case 'validate':
      if (!from('draft', 'validated')) return err('wrong-state');
      return step.passed ? ok({ ...version, state: 'validated' }) : err('gate-failed');
    case 'submit':
      return from('validated') ? ok({ ...version, state: 'submitted' }) : err('wrong-state');
    case 'shadow':
      return from('validated', 'submitted', 'approved') ? ok({ ...version, shadow: step.on }) : err('wrong-state');
    case 'approve':
      return approve(version, step);
    case 'publish':
      if (!from('approved') && (step.needsApproval || !from('validated'))) return err('wrong-state');
      if (step.expectedHash !== version.semanticHash) return err('hash-differs');
      return step.invariantsProved
        ? ok({ ...version, state: 'published', shadow: false })
        : err('invariant-not-proved');
    case 'supersede':
      return from('published') ? ok({ ...version, state: 'superseded' }) : err('wrong-state');
    default:
      return unreachable(step);
  }
}

function approve(version: PolicyVersion, step: Step & { kind: 'approve' }): Result<PolicyVersion, StepRefusal> {
  if (version.state !== 'submitted') return err('wrong-state');
  if (version.authors.includes(step.approver)) return err('own-approval');
  if (!step.loosenings.every(({ id }) => step.ticked.includes(id))) return err('loosening-not-ticked');
  return ok({ ...version, state: 'approved', approver: step.approver, ticked: step.ticked });
}

/** Old content as a new version, which passes the same gate; whoever asks for it is its author. */
export function rollback(
  to: PolicyVersion,
  inForce: PolicyVersion,
  author: string,
): Result<PolicyVersion, StepRefusal> {
  if (to.state !== 'superseded' || inForce.state !== 'published') return err('wrong-state');
  return ok({
    ...to,
    version: inForce.version + 1,
    state: 'draft',
    shadow: false,
    parentHash: inForce.semanticHash,
    author,
    authors: [author],
    approver: undefined,
    ticked: [],
    rollbackOf: to.version,
  });
}
