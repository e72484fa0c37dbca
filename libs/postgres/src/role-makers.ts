/** How many tenants' roles one maker makes, and is therefore an administrator of. */
export const tenantsPerRoleMaker = 64;

/** Roles without login that make the tenants' roles; sixteen of them are enough for the thousand tenants of a cell. */
export const roleMakers: readonly string[] = Array.from(
  { length: 16 },
  (_, at) => `writ_maker_${String(at).padStart(2, '0')}`,
);
