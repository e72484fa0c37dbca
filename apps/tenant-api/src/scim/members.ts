import { type Result, err, ok } from '@writ/domain';
import { type ControlTx, MemberRow } from '@writ/postgres/control';
import type { Administration } from '../administration.js';
import type { Caller, RequestContext } from '../caller.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import type { Changes, UserBody } from './resource.js';

export type ScimCaller = Extract<Caller, { kind: 'scim' }>;

const notFound = userError('', UserErrorCode.NOT_FOUND, 'There is no such user.');

/**
 * People as an identity provider announces them. A member is matched to tokens by the issuer's `sub`: SCIM's `externalId`
 * when given, else `userName`. Each change leaves a record, as every change does.
 */
export class ScimMembers {
  constructor(
    private readonly ports: Ports,
    private readonly administration: Administration,
  ) {}

  async find(caller: ScimCaller, where: Partial<MemberRow>): Promise<readonly MemberRow[]> {
    const own = { ...where, identityProviderId: caller.identityProvider };
    return this.ports.control.inTenant(caller.tenant, (tx) => tx.all(MemberRow, own));
  }

  async create(context: RequestContext, caller: ScimCaller, body: UserBody): Promise<Result<MemberRow, UserError>> {
    return this.change(context, 'scim.createUser', body, 'admin.member-announced', async (tx) => {
      const identityProviderId = caller.identityProvider;
      const { userName, active } = body;
      const subject = body.externalId ?? userName;
      const email = body.emails?.find(({ primary }) => primary)?.value ?? body.emails?.[0]?.value ?? null;
      const known = { userName, active, email, externalId: body.externalId ?? null };
      if (await tx.one(MemberRow, { identityProviderId, userName }))
        return err(userError('userName', UserErrorCode.TAKEN, 'A user of this name exists.'));
      const before = await tx.one(MemberRow, { identityProviderId, subject });
      if (before) return ok(await tx.update(MemberRow, before, known));
      return ok(
        await tx.insert(MemberRow, { id: this.ports.newId(), identityProviderId, subject, roles: [], ...known }),
      );
    });
  }

  async update(
    context: RequestContext,
    caller: ScimCaller,
    id: string,
    changes: Changes,
  ): Promise<Result<MemberRow, UserError>> {
    return this.change(context, 'scim.updateUser', { id, ...changes }, eventOf(changes), async (tx) => {
      const row = id === '' ? undefined : await tx.one(MemberRow, { id, identityProviderId: caller.identityProvider });
      if (!row) return err(notFound);
      const { active, userName, externalId } = changes;
      const next = {
        ...(active !== undefined && { active }),
        ...(userName !== undefined && { userName }),
        ...(externalId !== undefined && { externalId, subject: externalId }),
        // Whoever comes back is granted roles anew.
        ...(active === false && { roles: [] }),
      };
      return ok(await tx.update(MemberRow, row, next));
    });
  }

  private async change(
    context: RequestContext,
    name: string,
    input: object,
    event: string,
    work: (tx: ControlTx) => Promise<Result<MemberRow, UserError>>,
  ): Promise<Result<MemberRow, UserError>> {
    let changed: MemberRow | undefined;
    const answer = await this.administration.changeAs(context, { name, key: undefined }, input, {
      event,
      step: async (tx) => {
        const done = await work(tx);
        if (!done.ok) return err([done.error]);
        changed = done.value;
        return ok({ answer: {}, fields: { member: changed.id, active: changed.active }, publish: true });
      },
    });
    const [refused] = (answer['userErrors'] as readonly UserError[] | undefined) ?? [];
    return changed && !refused ? ok(changed) : err(refused ?? notFound);
  }
}

function eventOf({ active }: Changes): string {
  return active === false ? 'admin.member-withdrawn' : 'admin.member-changed';
}
