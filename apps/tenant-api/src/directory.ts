import { type ControlTx, DirectoryGroupRow, DirectoryMembershipRow } from '@writ/postgres/control';

/** The roles that members have by the groups their identity provider announced, by member id. Groups without roles give none. */
export async function rolesByMember(tx: ControlTx): Promise<ReadonlyMap<string, readonly string[]>> {
  const roles = new Map((await tx.all(DirectoryGroupRow)).map((row) => [row.id, row.roles]));
  const given = new Map<string, string[]>();
  if ([...roles.values()].every((each) => each.length === 0)) return given;
  for (const { groupId, memberId } of await tx.all(DirectoryMembershipRow))
    given.set(memberId, [...(given.get(memberId) ?? []), ...(roles.get(groupId) ?? [])]);
  return given;
}

/** The same for one member. */
export async function rolesOfGroups(tx: ControlTx, memberId: string): Promise<readonly string[]> {
  const groups = new Set((await tx.all(DirectoryMembershipRow, { memberId })).map(({ groupId }) => groupId));
  if (groups.size === 0) return [];
  const rows = (await tx.all(DirectoryGroupRow)).filter(({ id }) => groups.has(id));
  return [...new Set(rows.flatMap(({ roles }) => roles))].toSorted();
}
