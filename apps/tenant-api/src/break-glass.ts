import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type TenantContext, parseTenantId, tenantOfVerifiedCredential } from '@writ/domain';
import { BreakGlassPasskeyRow, BreakGlassRow, type ControlTx, RecoveryCodeRow } from '@writ/postgres/control';
import type { KnownPasskey } from './bootstrap/relying-party.js';
import { fromId, toId } from './schema/ids.js';
import { BreakGlassState } from './schema/break-glass.types.js';

const dayMs = 24 * 60 * 60 * 1000;
const yearMs = 366 * dayMs;
const enrolmentMs = dayMs;
const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/**
 * The tenant that a code, a link or a passkey is checked inside, and nowhere else. Undefined for what is no tenant's id; whether
 * there is such a tenant, no answer tells.
 */
export function tenantNamed(id: string): TenantContext | undefined {
  const parsed = parseTenantId(fromId('Tenant', id) ?? '');
  return parsed.ok ? tenantOfVerifiedCredential(parsed.value) : undefined;
}

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

/** How a tenant's break-glass stands. */
export interface Standing {
  readonly state: BreakGlassState;
  readonly holder: string | null;
  readonly codesLeft: number;
  readonly passkeys: number;
  readonly armedUntil: Date | null;
  readonly usedAt: Date | null;
}

export async function standingOf(tx: ControlTx, nowMs: number): Promise<Standing> {
  const row = await tx.one(BreakGlassRow, {});
  const codes = (await tx.all(RecoveryCodeRow)).filter(({ usedAt }) => usedAt === null);
  const current = codes.filter(({ expiresAt }) => expiresAt.getTime() > nowMs);
  const passkeys = (await tx.all(BreakGlassPasskeyRow)).length;
  const state =
    !row?.armedAt || codes.length === 0
      ? BreakGlassState.UNARMED
      : current.length === 0
        ? BreakGlassState.EXPIRED
        : passkeys === 0
          ? BreakGlassState.NEEDS_PASSKEY
          : BreakGlassState.ARMED;
  return {
    state,
    holder: row?.holder ?? null,
    codesLeft: current.length,
    passkeys,
    armedUntil: current[0]?.expiresAt ?? null,
    usedAt: row?.usedAt ?? null,
  };
}

/**
 * The setup subject is demoted: from now on its passkeys of this moment open nothing but the break-glass, and that with a
 * recovery code. A passkey that somebody registers later for the same address is none of them.
 */
export async function demoteSetupSubject(tx: ControlTx, newId: () => string): Promise<void> {
  const row = await breakGlassOf(tx, newId);
  const { rows } = await tx.client.query('SELECT id, public_key, counter FROM control.passkey WHERE email = $1', [
    row.holder,
  ]);
  for (const passkey of rows)
    await keepPasskey(tx, newId, {
      id: String(passkey['id']),
      publicKey: String(passkey['public_key']),
      counter: String(passkey['counter']),
    });
}

/** The tenant's one row; made with the founder as its holder where there is none. */
export async function breakGlassOf(tx: ControlTx, newId: () => string): Promise<BreakGlassRow> {
  const row = await tx.one(BreakGlassRow, {});
  if (row) return row;
  const { rows } = await tx.client.query(
    'SELECT email FROM control.sign_up WHERE tenant_id = $1 ORDER BY created_at LIMIT 1',
    [tx.tenantId],
  );
  const founder = rows[0]?.['email'];
  return tx.insert(BreakGlassRow, {
    id: newId(),
    holder: typeof founder === 'string' ? founder : '',
    alarmTo: [],
    armedAt: null,
    enrolmentHash: null,
    enrolmentExpiresAt: null,
    usedAt: null,
    noticed: 0,
    noticedSince: null,
  });
}

export async function keepPasskey(tx: ControlTx, newId: () => string, passkey: KnownPasskey): Promise<void> {
  const { id: credentialId, publicKey, counter } = passkey;
  await tx.insert(BreakGlassPasskeyRow, { id: newId(), credentialId, publicKey, counter, tries: 0, triesSince: null });
}

export interface Arming {
  readonly holder: string | undefined;
  readonly alarmTo: readonly string[] | undefined;
  /** The passkeys of before end, and the holder gets a link for a new one. */
  readonly newPasskey: boolean;
}

export interface Armed {
  readonly recoveryCodes: readonly string[];
  /** The way to the link that the holder registers a passkey by; absent where the passkeys of before go on. */
  readonly enrolment: string | undefined;
  readonly holder: string;
}

/**
 * Replaces the tenant's recovery codes by two new ones, good for a year. They are returned once. Whoever is inside by an
 * older code is out: an owner who is alarmed arms it anew.
 */
export async function armBreakGlass(tx: ControlTx, arming: Arming, newId: () => string, nowMs: number): Promise<Armed> {
  const before = await breakGlassOf(tx, newId);
  const holder = arming.holder ?? before.holder;
  await tx.remove(RecoveryCodeRow, {});
  const recoveryCodes = [newCode(), newCode()];
  for (const code of recoveryCodes) {
    const expiresAt = new Date(nowMs + yearMs);
    await tx.insert(RecoveryCodeRow, { id: newId(), codeHash: hashOfCode(code), usedAt: null, expiresAt });
  }
  if (arming.newPasskey || holder !== before.holder) await tx.remove(BreakGlassPasskeyRow, {});
  const isBare = (await tx.all(BreakGlassPasskeyRow)).length === 0;
  const enrolment = isBare ? `${toId('Tenant', tx.tenantId)}.${randomBytes(32).toString('base64url')}` : undefined;
  await tx.update(BreakGlassRow, before, {
    holder,
    ...(arming.alarmTo && { alarmTo: [...new Set(arming.alarmTo)].toSorted() }),
    armedAt: new Date(nowMs),
    enrolmentHash: enrolment === undefined ? null : hashOfEnrolment(enrolment),
    enrolmentExpiresAt: enrolment === undefined ? null : new Date(nowMs + enrolmentMs),
    usedAt: null,
  });
  return { recoveryCodes, enrolment, holder };
}

export function hashOfEnrolment(enrolment: string): string {
  return createHash('sha256').update(`writ/break-glass-enrolment\0${enrolment}`).digest('hex');
}

/** Uses the link up and keeps the passkey; false where the link is not the one that stands, or has expired. */
export async function enrol(
  tx: ControlTx,
  enrolment: string,
  passkey: KnownPasskey,
  newId: () => string,
  nowMs: number,
): Promise<boolean> {
  const row = await tx.one(BreakGlassRow, {});
  const stands = Buffer.from(row?.enrolmentHash ?? '', 'hex');
  const sent = Buffer.from(hashOfEnrolment(enrolment), 'hex');
  if (!row || stands.length !== sent.length || !timingSafeEqual(stands, sent)) return false;
  if (row.enrolmentExpiresAt === null || row.enrolmentExpiresAt.getTime() <= nowMs) return false;
  // The version decides between two who come at once.
  await tx.update(BreakGlassRow, row, { enrolmentHash: null, enrolmentExpiresAt: null });
  await keepPasskey(tx, newId, passkey);
  return true;
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
