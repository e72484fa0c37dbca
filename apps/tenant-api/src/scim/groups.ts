import { type Result, err, ok } from '@writ/domain';
import { type ControlTx, DirectoryGroupRow, DirectoryMembershipRow, MemberRow } from '@writ/postgres/control';
import type { Administration } from '../administration.js';
import type { RequestContext } from '../caller.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import type { GroupBody, GroupStep } from './group-resource.js';
import type { ScimCaller } from './members.js';

export interface GroupView {
  readonly row: DirectoryGroupRow;
  readonly memberIds: readonly string[];
}

const notFound = userError('', UserErrorCode.NOT_FOUND, 'There is no such group.');
const taken = userError('displayName', UserErrorCode.TAKEN, 'A group of this name exists.');
const stranger = userError('members', UserErrorCode.INVALID, 'A member is no user of this identity provider.');

/**
 * Groups as an identity provider announces them. Which roles a group gives is the tenant's to say, so nothing here can
 * give any; whoever leaves a group loses its roles here at once and at every gateway within two seconds.
 */
export class ScimGroups {
  constructor(
    private readonly ports: Ports,
    private readonly administration: Administration,
  ) {}

  async find(caller: ScimCaller, where: Partial<DirectoryGroupRow>): Promise<readonly GroupView[]> {
    return this.ports.control.inTenant(caller.tenant, async (tx) => {
      const rows = await tx.all(DirectoryGroupRow, { ...where, identityProviderId: caller.identityProvider });
      const memberships = await tx.all(DirectoryMembershipRow);
      return rows.map((row) => ({ row, memberIds: membersIn(memberships, row.id) }));
    });
  }

  async create(context: RequestContext, caller: ScimCaller, body: GroupBody): Promise<Result<GroupView, UserError>> {
    return this.change(context, 'scim.createGroup', body, 'admin.group-announced', async (tx) => {
      const identityProviderId = caller.identityProvider;
      if (await tx.one(DirectoryGroupRow, { identityProviderId, name: body.displayName })) return err(taken);
      const row = await tx.insert(DirectoryGroupRow, {
        id: this.ports.newId(),
        name: body.displayName,
        identityProviderId,
        externalId: body.externalId ?? null,
        roles: [],
      });
      return this.apply(tx, caller, row, [{ kind: 'replace', members: body.members.map(({ value }) => value) }]);
    });
  }

  async update(
    context: RequestContext,
    caller: ScimCaller,
    id: string,
    steps: readonly GroupStep[],
  ): Promise<Result<GroupView, UserError>> {
    return this.change(context, 'scim.updateGroup', { id, steps }, 'admin.group-changed', async (tx) => {
      const row = await own(tx, caller, id);
      return row ? this.apply(tx, caller, row, steps) : err(notFound);
    });
  }

  async remove(context: RequestContext, caller: ScimCaller, id: string): Promise<Result<GroupView, UserError>> {
    return this.change(context, 'scim.removeGroup', { id }, 'admin.group-withdrawn', async (tx) => {
      const row = await own(tx, caller, id);
      if (!row) return err(notFound);
      await tx.remove(DirectoryGroupRow, { id: row.id });
      return ok({ row, memberIds: [] });
    });
  }

  private async apply(
    tx: ControlTx,
    caller: ScimCaller,
    group: DirectoryGroupRow,
    steps: readonly GroupStep[],
  ): Promise<Result<GroupView, UserError>> {
    const people = new Set(
      (await tx.all(MemberRow, { identityProviderId: caller.identityProvider })).map(({ id }) => id),
    );
    const before = new Set(membersIn(await tx.all(DirectoryMembershipRow, { groupId: group.id }), group.id));
    const after = new Set(before);
    let { name, externalId } = group;
    for (const step of steps) {
      if (step.kind === 'name') name = step.displayName;
      else if (step.kind === 'external') externalId = step.externalId;
      else if (step.kind === 'remove-all') after.clear();
      else {
        if (step.kind !== 'remove' && step.members.some((id) => !people.has(id))) return err(stranger);
        if (step.kind === 'replace') after.clear();
        for (const id of step.members) {
          if (step.kind === 'remove') after.delete(id);
          else after.add(id);
        }
      }
    }
    const namesake = await tx.one(DirectoryGroupRow, { identityProviderId: caller.identityProvider, name });
    if (namesake && namesake.id !== group.id) return err(taken);
    for (const memberId of before)
      if (!after.has(memberId)) await tx.remove(DirectoryMembershipRow, { groupId: group.id, memberId });
    for (const memberId of after)
      if (!before.has(memberId))
        await tx.insert(DirectoryMembershipRow, { id: this.ports.newId(), groupId: group.id, memberId });
    const row = await tx.update(DirectoryGroupRow, group, { name, externalId });
    return ok({ row, memberIds: [...after].toSorted() });
  }

  private async change(
    context: RequestContext,
    name: string,
    input: object,
    event: string,
    work: (tx: ControlTx) => Promise<Result<GroupView, UserError>>,
  ): Promise<Result<GroupView, UserError>> {
    let changed: GroupView | undefined;
    const answer = await this.administration.changeAs(context, { name, key: undefined }, input, {
      event,
      step: async (tx) => {
        const done = await work(tx);
        if (!done.ok) return err([done.error]);
        changed = done.value;
        const { row, memberIds } = done.value;
        // A group without roles changes nothing that gateways hold.
        return ok({ answer: {}, fields: { group: row.id, members: memberIds.length }, publish: row.roles.length > 0 });
      },
    });
    const [refused] = (answer['userErrors'] as readonly UserError[] | undefined) ?? [];
    return changed && !refused ? ok(changed) : err(refused ?? notFound);
  }
}

async function own(tx: ControlTx, caller: ScimCaller, id: string): Promise<DirectoryGroupRow | undefined> {
  return id === '' ? undefined : tx.one(DirectoryGroupRow, { id, identityProviderId: caller.identityProvider });
}

function membersIn(rows: readonly DirectoryMembershipRow[], group: string): readonly string[] {
  return rows
    .filter(({ groupId }) => groupId === group)
    .map(({ memberId }) => memberId)
    .toSorted();
}
