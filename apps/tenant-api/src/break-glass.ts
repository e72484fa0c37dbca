import { createHash, randomBytes } from 'node:crypto';
import { type TenantContext, tenantOfVerifiedCredential } from '@writ/domain';
import { type ControlTx, RecoveryCodeRow } from '@writ/postgres/control';

const yearMs = 366 * 24 * 60 * 60 * 1000;
const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

export function hashOfCode(code: string): string {
  const plain = code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  return createHash('sha256').update(`writ/recovery\0${plain}`).digest('hex');
}

/** Twenty letters of 31: about 99 bits, so a hash without salt reveals nothing. */
function newCode(): string {
  const letters: string[] = [];
  while (letters.length < 20) {
    for (const byte of randomBytes(32)) {
      if (byte < 248 && letters.length < 20) letters.push(alphabet[byte % 31] ?? '');
    }
  }
  return letters.join('').replaceAll(/(.{5})(?=.)/g, '$1-');
}

/** Replaces the tenant's recovery codes by two new ones, good for a year. They are returned once. */
export async function armBreakGlass(tx: ControlTx, newId: () => string, nowMs: number): Promise<readonly string[]> {
  await tx.client.query('DELETE FROM control.recovery_code WHERE tenant_id = $1 AND used_at IS NULL', [tx.tenantId]);
  const codes = [newCode(), newCode()];
  for (const code of codes) {
    const expiresAt = new Date(nowMs + yearMs);
    await tx.insert(RecoveryCodeRow, { id: newId(), codeHash: hashOfCode(code), usedAt: null, expiresAt });
  }
  return codes;
}

/** Uses a code up. The row is locked by the update itself, so that one code never works twice. */
export async function useCode(tx: ControlTx, code: string, nowMs: number): Promise<string | undefined> {
  const used = await tx.client.query(
    `UPDATE control.recovery_code SET used_at = $3, version = version + 1
     WHERE tenant_id = $1 AND code_hash = $2 AND used_at IS NULL AND expires_at > $3 RETURNING id`,
    [tx.tenantId, hashOfCode(code), new Date(nowMs)],
  );
  const id = used.rows[0]?.['id'];
  return typeof id === 'string' ? id : undefined;
}

/** A recovery code is the credential: it is checked inside the tenant that it names, and nowhere else. */
export function tenantOfCode(tenant: TenantContext['tenant']): TenantContext {
  return tenantOfVerifiedCredential(tenant);
}
