import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Result, type TenantContext, err, ok, parseTenantId, tenantOfVerifiedCredential } from '@writ/domain';
import { logOrigin } from '@writ/postgres';
import { type ControlTx, SignUpRow, TenantRow } from '@writ/postgres/control';
import { type EntityManager, IsNull, LessThan, MoreThan, Not } from 'typeorm';
import { keyContext } from './administration.js';
import type { BootstrapIssuer, IssuedToken } from './bootstrap/issuer.js';
import type { Ports } from './ports.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';

const codeLifetimeMs = 10 * 60 * 1000;
const attemptsPerCode = 5;
const codesPerHour = 5;
const signUpsPerHour = 200;
const hourMs = 60 * 60 * 1000;
/** RFC 5321 is wider; whatever this refuses cannot be a mailbox that a code could reach. */
export const mailbox =
  /^[^\s@<>"(),:;\\[\]]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/i;

const refusedCode: UserError = userError(
  'code',
  UserErrorCode.CODE_REFUSED,
  'The code is wrong, used or expired; ask for a new one with signUp.',
);

const tooMany = userError(
  'email',
  UserErrorCode.RATE_LIMITED,
  'Too many codes were asked for; wait an hour, or use the last one.',
);

function addressOf(email: string): Result<string, UserError> {
  const address = email.trim().toLowerCase();
  return address.length <= 254 && mailbox.test(address)
    ? ok(address)
    : err(userError('email', UserErrorCode.INVALID, 'This is not an e-mail address; correct it.'));
}

async function isUnderLimits(manager: EntityManager, email: string, nowMs: number): Promise<boolean> {
  const createdAt = MoreThan(new Date(nowMs - hourMs));
  if ((await manager.countBy(SignUpRow, { email, createdAt })) >= codesPerHour) return false;
  return (await manager.countBy(SignUpRow, { createdAt })) < signUpsPerHour;
}

/** Would a code be sent? Nothing is sent, and nothing is kept. */
export async function checkSignUp(ports: Ports, email: string): Promise<Result<void, UserError>> {
  const address = addressOf(email);
  if (!address.ok) return address;
  const accepted = await ports.control.inPlatform((manager) => isUnderLimits(manager, address.value, ports.nowMs()));
  return accepted ? ok(undefined) : err(tooMany);
}

/** Sends a one-time code. The answer is the same whether or not the address is known. */
export async function signUp(ports: Ports, email: string): Promise<Result<string, UserError>> {
  const address = addressOf(email);
  if (!address.ok) return address;
  const nowMs = ports.nowMs();
  const id = ports.newId();
  const code = String(ports.randomBelow(100_000_000)).padStart(8, '0');
  const accepted = await ports.control.inPlatform(async (manager) => {
    await manager.delete(SignUpRow, { createdAt: LessThan(new Date(nowMs - 30 * 24 * hourMs)), verifiedAt: IsNull() });
    if (!(await isUnderLimits(manager, address.value, nowMs))) return false;
    await manager.insert(SignUpRow, {
      id,
      email: address.value,
      codeHash: hashOf(id, code),
      createdAt: new Date(nowMs),
      expiresAt: new Date(nowMs + codeLifetimeMs),
    });
    return true;
  });
  if (!accepted) return err(tooMany);
  await ports.mail.send({
    to: address.value,
    subject: 'Your Writ code',
    text: `Your one-time code is ${code}. It holds for ten minutes. If you did not ask for it, ignore this message.`,
  });
  return ok(id);
}

/** Exchanges the code for a setup token. */
export async function verifyEmail(
  ports: Ports,
  issuer: BootstrapIssuer,
  id: string | undefined,
  code: string,
): Promise<Result<IssuedToken, UserError>> {
  const verified = await verifyCode(ports, id, code);
  return verified.ok ? ok(await issuer.issue('tenant:setup', verified.value, ports.nowMs())) : verified;
}

/** The sign-up, verified. A code works once, and five wrong guesses use it up. */
export async function verifyCode(
  ports: Ports,
  id: string | undefined,
  code: string,
): Promise<Result<string, UserError>> {
  if (id === undefined) return err(refusedCode);
  const nowMs = ports.nowMs();
  const accepted = await ports.control.inPlatform(async (manager) => {
    const row = await manager.findOne(SignUpRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!row || row.verifiedAt || row.attempts >= attemptsPerCode || row.expiresAt.getTime() <= nowMs) return false;
    const right = timingSafeEqual(Buffer.from(row.codeHash, 'hex'), Buffer.from(hashOf(id, code.trim()), 'hex'));
    await manager.update(SignUpRow, { id }, right ? { verifiedAt: new Date(nowMs) } : { attempts: row.attempts + 1 });
    return right;
  });
  if (accepted) await resumeSignUp(ports, id);
  return accepted ? ok(id) : err(refusedCode);
}

/** Whoever proves the same address again goes on with the tenant that they began, until an owner has taken over. */
export async function resumeSignUp(ports: Ports, id: string): Promise<void> {
  const begun = await ports.control.inPlatform(async (manager) => {
    const { email } = await manager.findOneByOrFail(SignUpRow, { id });
    return manager.find(SignUpRow, { where: { email, tenantId: Not(IsNull()) }, order: { createdAt: 'DESC' } });
  });
  for (const { tenantId } of begun) {
    const tenant = parseTenantId(tenantId ?? '');
    if (!tenant.ok) continue;
    const context = tenantOfVerifiedCredential(tenant.value);
    const row = await ports.control.inTenant(context, (tx) => tx.one(TenantRow, { id: tenant.value }));
    if (!row || row.federatedAt) continue;
    await ports.control.inPlatform((manager) => manager.update(SignUpRow, { id }, { tenantId }));
    return;
  }
}

function hashOf(id: string, code: string): string {
  return createHash('sha256').update(`writ/sign-up\0${id}\0${code}`).digest('hex');
}

/** Takes a place in the directory of cells. Which one has room is known to all cells; only its own API can provision there. */
async function place(tx: ControlTx, id: string, { region, cell }: NewTenant): Promise<UserError | undefined> {
  const { rows } = await tx.client.query('SELECT cell, address FROM control.place_tenant($1, $2)', [id, region]);
  const [found] = rows;
  if (found === undefined)
    return userError(
      'region',
      UserErrorCode.UNAVAILABLE,
      'No cell for this region has room for another tenant; the operators of this service must add one.',
    );
  if (found['cell'] === cell) return undefined;
  const address = String(found['address']);
  return userError('region', UserErrorCode.UNAVAILABLE, `Tenants of this region are created at ${address}.`);
}

export interface NewTenant {
  readonly name: string;
  readonly region: string;
  /** The cell that this API serves. */
  readonly cell: string;
  /** Name of the deployment in origin lines. */
  readonly logName: string;
  readonly dryRun: boolean;
}

export interface PreparedTenant {
  readonly context: TenantContext;
  readonly insert: (tx: ControlTx) => Promise<Result<TenantRow, UserError>>;
}

/**
 * Makes the tenant's wrapped keys. `insert` then binds the setup subject to it, makes schema and log, and creates the row.
 * The tenant has the sign-up's own id: however often creation fails and is tried again, one setup subject makes one schema.
 */
export async function prepareTenant(ports: Ports, signUpId: string, wanted: NewTenant): Promise<PreparedTenant> {
  const parsed = parseTenantId(signUpId);
  if (!parsed.ok) throw new Error('a setup token names a sign-up that is not a UUID');
  const id = parsed.value;
  const origin = logOrigin(wanted.logName, id);
  const wrap = (purpose: 'hmac' | 'content'): Promise<string> =>
    ports.kms.wrap(keyContext(id, purpose), randomBytes(32));
  const keys = { wrappedHmacKey: await wrap('hmac'), wrappedContentKey: await wrap('content') };
  return {
    context: tenantOfVerifiedCredential(id),
    async insert(tx) {
      const bound = await tx.client.query(
        'UPDATE control.sign_up SET tenant_id = $2 WHERE id = $1 AND tenant_id IS NULL RETURNING id',
        [signUpId, id],
      );
      if (bound.rows.length !== 1)
        return err(
          userError('', UserErrorCode.TAKEN, 'This setup credential has created its tenant already; query `tenant`.'),
        );
      const elsewhere = await place(tx, id, wanted);
      if (elsewhere) return err(elsewhere);
      if (!wanted.dryRun) await ports.publisher.provision(id, origin);
      await tx.insert(TenantRow, {
        id,
        name: wanted.name,
        region: wanted.region,
        state: 'active',
        deletionDueAt: null,
        deletionCertificate: null,
        origin,
        keep: 'y6',
        evidenceLevel: 'committed',
        dispatchClasses: ['PHI', 'PCI', 'SECRET'],
        ...keys,
        federatedAt: null,
        snapshotVersion: 0,
        policyApproval: false,
        unpricedModels: 'refuse',
      });
      const row = await tx.one(TenantRow, { id });
      return row
        ? ok(row)
        : err(userError('', UserErrorCode.UNAVAILABLE, 'The tenant could not be read back; try again.'));
    },
  };
}
