import { createHash } from 'node:crypto';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { TenantContext } from '@writ/domain';
import { BreakGlassPasskeyRow, BreakGlassRow, type ControlTx } from '@writ/postgres/control';
import type { RelyingParty } from './bootstrap/relying-party.js';
import { IssuerState } from './bootstrap/state.js';
import type { Ports } from './ports.js';

const hourMs = 60 * 60 * 1000;
const triesPerHour = 10;
const noticesPerHour = 10;
/** As long as a challenge is good. */
const spentSeconds = 300;

/** A passkey that signed a challenge of ours just now. */
export interface Asserted {
  readonly credentialId: string;
  readonly counter: string;
}

/** What an authenticator said, as far as it can be read. What cannot is an assertion of no passkey. */
export function parsedAssertion(text: string): AuthenticationResponseJSON | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isAssertion = typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
    return isAssertion ? (value as AuthenticationResponseJSON) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whose passkey of this tenant it was. Each look at a passkey is counted before it is verified: ten an hour, whatever becomes
 * of them, and only who knows one of its passkeys can use up a tenant's. A challenge that was looked at is spent, so that an
 * answer which somebody overheard opens nothing.
 */
export async function assertedPasskey(
  ports: Ports,
  relyingParty: RelyingParty,
  tenant: TenantContext,
  assertion: AuthenticationResponseJSON | undefined,
): Promise<Asserted | undefined> {
  if (assertion === undefined) return undefined;
  const spent = new IssuerState(ports.control, ports.nowMs, 'SpentChallenge');
  const row = await ports.control.inTenant(tenant, (tx) => countTry(tx, assertion.id, ports.nowMs()));
  if (row === undefined || row.tries > triesPerHour) return undefined;
  const isExpected = async (challenge: string): Promise<boolean> =>
    relyingParty.isOwnChallenge(challenge) && spent.claim(digestOf(challenge), spentSeconds);
  const key = { id: row.credentialId, publicKey: row.publicKey, counter: row.counter };
  const counter = await relyingParty.verifiedAssertion(assertion, isExpected, key);
  return counter === undefined ? undefined : { credentialId: row.credentialId, counter };
}

async function countTry(tx: ControlTx, credentialId: string, nowMs: number): Promise<BreakGlassPasskeyRow | undefined> {
  const isCounted = await tx.client.query(
    `UPDATE control.break_glass_passkey SET
       tries = CASE WHEN tries_since IS NULL OR tries_since <= $3 THEN 1 ELSE tries + 1 END,
       tries_since = CASE WHEN tries_since IS NULL OR tries_since <= $3 THEN $4 ELSE tries_since END
     WHERE tenant_id = $1 AND credential_id = $2 RETURNING id`,
    [tx.tenantId, credentialId, new Date(nowMs - hourMs), new Date(nowMs)],
  );
  return isCounted.rows.length === 1 ? tx.one(BreakGlassPasskeyRow, { credentialId }) : undefined;
}

/**
 * In the change that uses the code: true where the passkey still stands as it was verified. A counter goes forward only, so
 * that of two at once with one counter the second is refused.
 */
export async function spendPasskey(tx: ControlTx, { credentialId, counter }: Asserted): Promise<boolean> {
  const { rows } = await tx.client.query(
    `UPDATE control.break_glass_passkey SET counter = $3, tries = 0, version = version + 1
     WHERE tenant_id = $1 AND credential_id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0)) RETURNING id`,
    [tx.tenantId, credentialId, counter],
  );
  return rows.length === 1;
}

/** Whether the next try with one right half is told: ten an hour are, so that whoever has half a key floods nobody's log. */
export async function isNoticed(tx: ControlTx, nowMs: number): Promise<boolean> {
  const row = await tx.one(BreakGlassRow, {});
  if (!row) return false;
  const isNewHour = row.noticedSince === null || row.noticedSince.getTime() <= nowMs - hourMs;
  if (!isNewHour && row.noticed >= noticesPerHour) return false;
  await tx.update(BreakGlassRow, row, {
    noticed: isNewHour ? 1 : row.noticed + 1,
    noticedSince: isNewHour ? new Date(nowMs) : row.noticedSince,
  });
  return true;
}

/** Names a passkey or a challenge without revealing it. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
