import { type TenantContext } from '@writ/domain';
import { BreakGlassRow, type ControlTx, MemberRow } from '@writ/postgres/control';
import { rolesByMember } from './directory.js';
import type { Ports } from './ports.js';

/**
 * Tells everybody who must know: the holder, every owner whose address the tenant's directory or an invitation gave, and the
 * addresses that an owner named for it. An owner without an address sees it among the tenant's next steps. A mail that does not
 * leave is the operators' to hear of, and holds up nobody: the record in the ledger is the evidence.
 */
export async function alarm(
  ports: Ports,
  tenant: TenantContext,
  mail: { readonly subject: string; readonly text: string },
): Promise<void> {
  const addresses = await ports.control.inTenant(tenant, alarmedAddresses);
  await Promise.all(
    addresses.map((to) =>
      ports.mail.send({ to, ...mail }).catch((cause: unknown) => ports.report(cause, 'break-glass alarm')),
    ),
  );
}

async function alarmedAddresses(tx: ControlTx): Promise<readonly string[]> {
  const row = await tx.one(BreakGlassRow, {});
  const byGroups = await rolesByMember(tx);
  const owners = (await tx.all(MemberRow, { active: true })).filter(
    ({ id, roles }) => roles.includes('owner') || byGroups.get(id)?.includes('owner') === true,
  );
  const all = [row?.holder, ...(row?.alarmTo ?? []), ...owners.map(({ email }) => email)];
  return [...new Set(all.flatMap((address) => (address ? [address.toLowerCase()] : [])))].toSorted();
}
