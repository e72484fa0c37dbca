import { createHash } from 'node:crypto';
import { type JsonObject, type RecordId, type Result, type TenantContext, err, parseRecordId } from '@writ/domain';
import type { EventRecord, LogContext } from '@writ/ledger';
import { PublishConflict } from '@writ/postgres';
import { ChangeRow, type ControlTx, StaleVersion, TenantRow } from '@writ/postgres/control';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import { type Caller, type RequestContext, actorOf, refusedError, tenantOf } from './caller.js';
import { type ApprovalRequest, ApprovalMissing, pendingApproval, useApproval } from './approval.js';
import { canonicalText } from './canonical-text.js';
import { conflict } from './conflict.js';
import { keyMissing, keyRequired, remembered } from './idempotency.js';
import type { Ports } from './ports.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';
import { toId } from './schema/ids.js';
import { publishSnapshot } from './snapshot.js';

/** What a step did, told three ways: to the caller, to the ledger, and to the gateways. */
export interface Done {
  readonly answer: Readonly<Record<string, unknown>>;
  /** Clear fields of the record. No personal data, no content, no secret. */
  readonly fields: JsonObject;
  /** True when gateways must learn of it. */
  readonly publish: boolean;
  /** Shown to this caller once and kept nowhere, such as a new key. */
  readonly once?: Readonly<Record<string, unknown>>;
  /** The id that the record must have, where something outside already names it. */
  readonly recordId?: RecordId;
  /** Set when the change takes effect only with a second person's approval of exactly these arguments. */
  readonly needsApproval?: boolean;
}

export type Step = (tx: ControlTx) => Promise<Result<Done, readonly UserError[]>>;

export interface Plan {
  /** Name of the record, such as `admin.endpoint-registered`. */
  readonly event: string;
  readonly step: Step;
}

export interface Operation {
  readonly name: string;
  readonly key: string | undefined;
}

export type Answer = Readonly<Record<string, unknown>>;

const auditDeadlineMs = 2_000;

/** What a change leaves: clear fields, and the reason that somebody gave, which the ledger seals and only the change log shows. */
interface Said {
  readonly fields: JsonObject;
  readonly reason?: string;
}

const sayable = /^\s*\S[^]{1,498}\S\s*$/;
const reasonMissing = userError('reason', UserErrorCode.INVALID, 'Say why, in 3 to 500 characters.');

function reasonIn(input: object): string | undefined {
  return 'reason' in input && typeof input.reason === 'string' ? input.reason : undefined;
}

class Rollback extends Error {
  constructor(readonly answer: Answer) {
    super('rolled back');
  }
}

/**
 * Makes every change of a tenant's configuration, in this order: remember the idempotency key, do the step, assemble and
 * store the snapshot, commit the record to the ledger, commit the change. So a change that took effect has a record, and
 * a record that cannot be committed leaves nothing changed. Should the last commit fail, a second record says so.
 */
export class Administration {
  constructor(private readonly ports: Ports) {}

  async change(context: RequestContext, info: GraphQLResolveInfo, input: object, plan: Plan): Promise<Answer> {
    return this.changeAs(context, { name: info.fieldName, key: idempotencyKey(info) }, input, plan);
  }

  /** The same for a change that did not come by GraphQL. */
  async changeAs(context: RequestContext, operation: Operation, input: object, plan: Plan): Promise<Answer> {
    const tenant = tenantOf(context.caller);
    const { name, key } = operation;
    const dryRun = 'dryRun' in input && input.dryRun === true;
    if (key === undefined && !dryRun && keyRequired.has(name)) return { userErrors: [keyMissing] };
    const reason = reasonIn(input);
    if (reason !== undefined && !sayable.test(reason)) return { userErrors: [reasonMissing] };
    const requestHash = createHash('sha256')
      .update(canonicalText({ field: name, input }))
      .digest('hex');
    const request = { caller: context.caller, field: name, input, requestHash, nowMs: this.ports.nowMs() };
    let recorded: EventRecord | undefined;
    let once: Readonly<Record<string, unknown>> = {};
    try {
      const answer = await this.ports.control.inTenant(tenant, async (tx) => {
        const work = async (): Promise<Answer> => {
          const done = await plan.step(tx);
          if (!done.ok) throw new Rollback({ userErrors: done.error });
          if (dryRun) throw new Rollback({ ...done.value.answer, userErrors: [] });
          const isAlone = context.caller.kind === 'recovery';
          const approval = done.value.needsApproval && !isAlone ? await useApproval(tx, request) : undefined;
          const fields: Record<string, unknown> = {
            ...done.value.fields,
            ...(approval && { approval }),
            ...(isAlone && { breakGlass: true }),
          };
          if (done.value.publish) fields['snapshotVersion'] = await publishSnapshot(this.ports, tx);
          const said = { fields: fields as JsonObject, ...(reason !== undefined && { reason }) };
          recorded = await this.record(tx, context.caller, plan.event, said, done.value.recordId);
          once = done.value.once ?? {};
          return { ...done.value.answer, userErrors: [], auditRecord: { id: toId('Record', recorded.id) } };
        };
        return key === undefined || dryRun ? work() : remembered(tx, { ...request, key }, work);
      });
      return { ...answer, ...once };
    } catch (error) {
      if (recorded !== undefined) await this.undone(tenant, context.caller, recorded);
      if (error instanceof ApprovalMissing) return this.askForApproval(tenant, request);
      return answerOf(error);
    }
  }

  /** A record without a change of configuration, such as a read of evidence. */
  async note(context: RequestContext, event: string, fields: JsonObject): Promise<string> {
    const tenant = tenantOf(context.caller);
    const record = await this.ports.control.inTenant(tenant, async (tx) =>
      this.commit(await this.logOf(tx), eventRecord(this.ports, context.caller, event, fields)),
    );
    return record.id;
  }

  /** The refused change leaves a request that a second person can see and decide. */
  private async askForApproval(tenant: TenantContext, request: ApprovalRequest): Promise<Answer> {
    return this.ports.control.inTenant(tenant, async (tx) => {
      const { row, isNew } = await pendingApproval(tx, request, this.ports.newId());
      const fields = { approval: row.id, change: request.field };
      if (isNew) await this.record(tx, request.caller, 'admin.approval-requested', { fields });
      const message = 'This change needs a second person: have it approved, then send it again unchanged.';
      const refusal = { field: [], code: UserErrorCode.APPROVAL_REQUIRED, message };
      return { userErrors: [{ ...refusal, approvalId: toId('Approval', row.id) }] };
    });
  }

  private async record(
    tx: ControlTx,
    caller: Caller,
    event: string,
    { fields, reason }: Said,
    id?: RecordId,
  ): Promise<EventRecord> {
    const why = reason === undefined ? {} : { reason };
    const record = { ...eventRecord(this.ports, caller, event, fields), ...why, ...(id && { id }) };
    const change = { id: this.ports.newId(), event, actor: actorOf(caller), recordId: record.id };
    await tx.insert(ChangeRow, { ...change, fields: { ...fields, ...why } });
    return this.commit(await this.logOf(tx), record);
  }

  private async commit(log: LogContext, record: EventRecord): Promise<EventRecord> {
    const done = await this.ports.ledger.commit(log, record, { level: 'committed', deadlineMs: auditDeadlineMs });
    if (!done.ok)
      throw refusedError(
        'LEDGER_UNAVAILABLE',
        'The record of this change could not be made durable, so nothing was changed; try again shortly.',
        { reason: done.error },
      );
    return record;
  }

  private async undone(tenant: TenantContext, caller: Caller, record: EventRecord): Promise<void> {
    await this.ports.control.inTenant(tenant, async (tx) =>
      this.commit(await this.logOf(tx), eventRecord(this.ports, caller, 'admin.change-undone', { record: record.id })),
    );
  }

  private async logOf(tx: ControlTx): Promise<LogContext> {
    const row = await tx.one(TenantRow, { id: tx.tenantId });
    if (!row) throw refusedError('NO_TENANT', 'This tenant does not exist any more.');
    return logContextOf(this.ports, tx.tenant, row);
  }
}

/** The contexts under which the tenant's keys are wrapped; gateways unwrap with the same words. */
export const keyContext = (tenant: string, purpose: 'hmac' | 'content'): string => `tenant/${tenant}/${purpose}`;

/** The log of a tenant with its keys. Throws for a tenant that does not exist. */
export async function ownLog(ports: Pick<Ports, 'kms' | 'control'>, tenant: TenantContext): Promise<LogContext> {
  return ports.control.inTenant(tenant, async (tx) => {
    const row = await tx.one(TenantRow, { id: tx.tenantId });
    if (!row) throw new Error('the tenant of a log must exist');
    return logContextOf(ports, tenant, row);
  });
}

export async function logContextOf(
  ports: Pick<Ports, 'kms'>,
  tenant: TenantContext,
  row: Pick<TenantRow, 'origin' | 'keep' | 'wrappedHmacKey' | 'wrappedContentKey'>,
): Promise<LogContext> {
  return {
    tenant,
    origin: row.origin,
    keep: row.keep,
    hmacKey: await ports.kms.unwrap(keyContext(tenant.tenant, 'hmac'), row.wrappedHmacKey),
    contentKey: await ports.kms.unwrap(keyContext(tenant.tenant, 'content'), row.wrappedContentKey),
  };
}

export function eventRecord(
  ports: Pick<Ports, 'newId'>,
  caller: Caller,
  name: string,
  fields: JsonObject,
): EventRecord {
  const id = parseRecordId(ports.newId());
  if (!id.ok) throw new Error(id.error);
  return { kind: 'event', id: id.value, name, actor: actorOf(caller), fields };
}

function answerOf(error: unknown): Answer {
  if (error instanceof Rollback) return error.answer;
  if (error instanceof StaleVersion) return { userErrors: [conflict(error)] };
  if (error instanceof PublishConflict && error.because !== 'version-taken')
    return {
      userErrors: [
        userError(
          '',
          UserErrorCode.TAKEN,
          'Another connection already speaks for this issuer, audience and bound claims.',
        ),
      ],
    };
  const taken = uniqueViolation(error);
  if (taken !== undefined) return { userErrors: [taken] };
  throw error;
}

/** Two callers may pass the same check at once; then the database's unique index decides. */
function uniqueViolation(error: unknown): UserError | undefined {
  const driver = error instanceof Error && 'driverError' in error ? error.driverError : error;
  const isTaken = typeof driver === 'object' && driver !== null && 'code' in driver && driver.code === '23505';
  return isTaken ? userError('', UserErrorCode.TAKEN, 'Something with this name or key exists already.') : undefined;
}

/** `@idempotent(key: "…")` on the mutation's field. */
function idempotencyKey(info: GraphQLResolveInfo): string | undefined {
  const directive = info.fieldNodes[0]?.directives?.find(({ name }) => name.value === 'idempotent');
  const value = directive?.arguments?.find(({ name }) => name.value === 'key')?.value;
  const key =
    value?.kind === Kind.VARIABLE
      ? info.variableValues[value.name.value]
      : value?.kind === Kind.STRING
        ? value.value
        : undefined;
  if (directive === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{8,128}$/.test(key))
    throw refusedError('BAD_USER_INPUT', 'An idempotency key is 8 to 128 visible ASCII characters.');
  return key;
}

export function refusedWith(...errors: readonly UserError[]): {
  readonly ok: false;
  readonly error: readonly UserError[];
} {
  return err(errors);
}
