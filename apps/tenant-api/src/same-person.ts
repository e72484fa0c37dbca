import { createHash } from 'node:crypto';
import type { ControlTx } from '@writ/postgres/control';
import { type Caller, callerDigest } from './caller.js';

/**
 * Every digest that the caller goes by in this tenant. One person may sign in by two identity providers, and each names it
 * otherwise: the directory says that they are one where both members have the same e-mail address. A person whom the
 * directory does not know twice, or knows without an address, has one digest: its own.
 */
export async function digestsOf(tx: ControlTx, caller: Caller): Promise<readonly string[]> {
  const own = callerDigest(caller);
  if (caller.kind !== 'member') return [own];
  const { rows } = await tx.client.query(
    `SELECT p.issuer || '|' || m.subject AS actor FROM control.member m
       JOIN control.identity_provider p ON p.id = m.identity_provider_id AND p.tenant_id = m.tenant_id
      WHERE m.tenant_id = $1 AND lower(m.email) = (SELECT lower(email) FROM control.member
             WHERE tenant_id = $1 AND identity_provider_id = $2 AND subject = $3 AND email <> '')`,
    [tx.tenantId, caller.subject.connection, caller.subject.id],
  );
  const others = rows.flatMap(({ actor }) =>
    typeof actor === 'string' ? [createHash('sha256').update(actor).digest('hex')] : [],
  );
  return [...new Set([own, ...others])];
}
