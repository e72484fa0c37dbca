import { ApprovalRow, type ControlTx } from '@writ/postgres/control';
import { type Caller, callerDigest } from './caller.js';

export interface ApprovalRequest {
  readonly caller: Caller;
  readonly field: string;
  readonly input: object;
  readonly requestHash: string;
  readonly nowMs: number;
}

/** Thrown inside a change that needs an approval it does not have; the change is rolled back and the request kept. */
export class ApprovalMissing extends Error {}

const lifetimeMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Uses the approval of exactly this change by this requester, once. That the approver is another person is a constraint
 * of the database, so no path around this code can break it.
 */
export async function useApproval(tx: ControlTx, request: ApprovalRequest): Promise<string> {
  const rows = await tx.all(ApprovalRow, matching(request, 'approved'));
  const row = rows.find(({ expiresAt }) => expiresAt.getTime() > request.nowMs);
  if (!row) throw new ApprovalMissing('a second person has not approved this change');
  await tx.update(ApprovalRow, row, { state: 'used' });
  return row.id;
}

export async function pendingApproval(
  tx: ControlTx,
  request: ApprovalRequest,
  id: string,
): Promise<{ readonly row: ApprovalRow; readonly isNew: boolean }> {
  const pending = await tx.all(ApprovalRow, matching(request, 'pending'));
  const row = pending.find(({ expiresAt }) => expiresAt.getTime() > request.nowMs);
  if (row) return { row, isNew: false };
  const made = await tx.insert(ApprovalRow, {
    id,
    ...matching(request, 'pending'),
    subject: { ...request.input },
    decidedBy: null,
    decidedAt: null,
    reason: null,
    expiresAt: new Date(request.nowMs + lifetimeMs),
  });
  return { row: made, isNew: true };
}

function matching<S extends ApprovalRow['state']>(
  request: ApprovalRequest,
  state: S,
): Pick<ApprovalRow, 'kind' | 'subjectHash' | 'requestedBy'> & { state: S } {
  return { kind: request.field, subjectHash: request.requestHash, requestedBy: callerDigest(request.caller), state };
}
