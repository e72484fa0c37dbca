import { type Result, err, ok, unreachable } from '@writ/domain';
import { type Diagnostic, type PolicyVersion, type Step, type StepRefusal, advance } from '@writ/policy';
import { type ControlTx, type PolicyVersionRow, TenantRow } from '@writ/postgres/control';
import type { Done } from './administration.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';
import { viewPolicy } from './schema/policy-views.js';

/** A row as the lifecycle sees it. */
export function versionOf(row: PolicyVersionRow): PolicyVersion {
  return {
    version: row.number,
    state: row.state,
    shadow: row.shadow,
    sourceHash: row.sourceHash,
    semanticHash: row.hash,
    parentHash: row.parentHash ?? undefined,
    author: row.author,
    authors: row.authors,
    approver: row.approver ?? undefined,
    ticked: row.ticked,
    rollbackOf: row.rollbackOf ?? undefined,
  };
}

/** One step of a row, or why not, as data for the caller. */
export function stepOf(row: PolicyVersionRow, step: Step): Result<PolicyVersion, UserError> {
  const next = advance(versionOf(row), step);
  return next.ok ? next : err(wordsFor(next.error, row));
}

function wordsFor(refusal: StepRefusal, row: PolicyVersionRow): UserError {
  switch (refusal) {
    case 'wrong-state': {
      const message = `A version that is ${row.state} cannot take this step; the order is draft, check, submit, approve, publish.`;
      return userError('id', UserErrorCode.WRONG_STATE, message);
    }
    case 'gate-failed':
      return checkFailed;
    case 'own-approval': {
      const message = 'Whoever wrote or edited a version cannot approve it; ask another person.';
      return userError('id', UserErrorCode.SECOND_PERSON_REQUIRED, message);
    }
    case 'loosening-not-ticked': {
      const message = 'Tick every loosening that `check.loosenings` lists, by its id.';
      return userError('ticked', UserErrorCode.LOOSENING_NOT_TICKED, message);
    }
    case 'hash-differs':
      return hashDiffers(row);
    case 'invariant-not-proved':
      return userError('id', UserErrorCode.CHECK_FAILED, 'An invariant is not proved; check the version again.');
    default:
      return unreachable(refusal);
  }
}

export const checkFailed = userError(
  'id',
  UserErrorCode.CHECK_FAILED,
  'The check did not pass; correct what `check` lists.',
);
export const notApproved = userError(
  'id',
  UserErrorCode.APPROVAL_REQUIRED,
  'This tenant publishes what a second person approved: check and submit the version, and have another person approve it.',
);
export const checkedAgainstAnother = userError(
  'id',
  UserErrorCode.CONFLICT,
  'Another version was published after this one was checked; reject or edit it, then check it again, so that what it loosens is listed anew.',
);

export function noLongerCompiles([first]: readonly Diagnostic[]): UserError {
  const message = `This version does not compile${first === undefined ? '' : `: line ${first.line}, ${first.message}`}; edit it.`;
  return userError('id', UserErrorCode.POLICY_INVALID, message);
}

export function hashDiffers({ hash }: PolicyVersionRow): UserError {
  return userError(
    'expectedHash',
    UserErrorCode.HASH_MISMATCH,
    `This version has the hash ${hash}; review that, then go on.`,
  );
}

/** Whether the tenant asks for two people; a tenant that cannot be read does. */
export async function needsSecondPerson(tx: ControlTx): Promise<boolean> {
  return (await tx.one(TenantRow, { id: tx.tenantId }))?.policyApproval ?? true;
}

/** What a step did, told to the caller, the ledger and the gateways. */
export function told(
  row: PolicyVersionRow,
  more: Done['fields'] = {},
  publish = false,
): Result<Done, readonly UserError[]> {
  const fields = { number: row.number, hash: row.hash, ...more };
  return ok({ answer: { policy: viewPolicy(row) }, fields, publish });
}
