import type { ControlTx } from '@writ/postgres/control';
import { type Caller, callerDigest } from './caller.js';
import { UserErrorCode, userError } from './schema/building-blocks.js';

/**
 * Mutations whose repetition does harm, so that they are refused without `@idempotent`: a second secret that nobody keeps, the
 * end of the secret that the first answer gave, a second order, a correction that counts twice. All others are held by a
 * unique name, by `expectedVersion`, by a second person's approval that is used once, or by changing nothing the second time.
 */
export const keyRequired: ReadonlySet<string> = new Set([
  'createAppKey',
  'rotateScimToken',
  'rotateSigningKey',
  'armBreakGlass',
  'requestExport',
  'placeLegalHold',
  'correctUsage',
]);

export const keyMissing = userError(
  '',
  UserErrorCode.IDEMPOTENCY_REQUIRED,
  'A repetition of this change would do harm: send it with @idempotent(key: "…"), a new key for each change.',
);

const keptMs = 24 * 60 * 60 * 1000;

interface Remembered {
  readonly caller: Caller;
  readonly key: string;
  readonly requestHash: string;
  readonly nowMs: number;
}

/**
 * Runs `work` once per (tenant, caller, key) in 24 hours and answers a repetition with the first answer. The key is
 * claimed in the same transaction as the change: a concurrent repetition waits on the row, then sees the outcome. A
 * repetition with other arguments is refused. A change that was rolled back leaves no key behind.
 */
export async function remembered(
  tx: ControlTx,
  request: Remembered,
  work: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<Readonly<Record<string, unknown>>> {
  const id = [tx.tenantId, callerDigest(request.caller), request.key];
  const now = new Date(request.nowMs);
  await tx.client.query(
    'DELETE FROM control.idempotency WHERE tenant_id = $1 AND caller = $2 AND key = $3 AND created_at < $4',
    [...id, new Date(request.nowMs - keptMs)],
  );
  const claimed = await tx.client.query(
    `INSERT INTO control.idempotency (tenant_id, caller, key, request_hash, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING RETURNING key`,
    [...id, request.requestHash, now],
  );
  if (claimed.rows.length === 1) {
    const answer = await work();
    await tx.client.query(
      'UPDATE control.idempotency SET answer = $4 WHERE tenant_id = $1 AND caller = $2 AND key = $3',
      [...id, JSON.stringify(answer)],
    );
    return answer;
  }
  const found = await tx.client.query(
    'SELECT request_hash, answer FROM control.idempotency WHERE tenant_id = $1 AND caller = $2 AND key = $3',
    id,
  );
  const first = found.rows[0];
  if (first?.['request_hash'] !== request.requestHash) {
    const message = 'This idempotency key was used with other arguments; send a new key for a new change.';
    return { userErrors: [userError('', UserErrorCode.IDEMPOTENCY_MISMATCH, message)] };
  }
  return first['answer'] as Readonly<Record<string, unknown>>;
}
