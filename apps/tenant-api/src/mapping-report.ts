import type { IdentityConnection, JsonObject } from '@writ/domain';
import { mapRoles } from '@writ/identity';
import type { Facts } from '@writ/policy';

export interface RoleCount {
  readonly role: string;
  readonly people: number;
}

/** What another mapping would change for those who called lately. Counts only: nobody is named. */
export interface MappingReport {
  readonly requests: number;
  readonly people: number;
  readonly gained: readonly RoleCount[];
  readonly lost: readonly RoleCount[];
  /** Claims that a rule names and no record holds: what their rules would do is not in the counts. */
  readonly unknownClaims: readonly string[];
}

type Mappings = IdentityConnection['roleMappings'];

/**
 * Maps the callers of recorded requests by the mapping in force and by another one. A record seals what the connection took
 * from a token: subject, issuer, groups, scopes, department, and the attributes that it names; nothing else is kept of a
 * token anywhere, and nothing is kept for this.
 */
export function mappingReport(
  recorded: readonly Facts[],
  connection: IdentityConnection,
  mappings: Mappings,
): MappingReport {
  const known = new Set(knownClaims(connection));
  const isKnown = ({ claim }: Mappings[number]): boolean => known.has(claim);
  const before = { ...connection, roleMappings: connection.roleMappings.filter(isKnown) };
  const after = { ...connection, roleMappings: mappings.filter(isKnown) };
  const people = new Map<string, JsonObject>();
  let requests = 0;
  for (const { subject } of recorded) {
    const person = personOf(subject);
    if (person.issuer !== connection.issuer) continue;
    requests += 1;
    if (!people.has(person.id)) people.set(person.id, claimsOf(person, connection));
  }
  const gained = new Map<string, number>();
  const lost = new Map<string, number>();
  for (const claims of people.values()) {
    const now = mapRoles(claims, before).roles;
    const then = mapRoles(claims, after).roles;
    for (const role of then.filter((each) => !now.includes(each))) gained.set(role, (gained.get(role) ?? 0) + 1);
    for (const role of now.filter((each) => !then.includes(each))) lost.set(role, (lost.get(role) ?? 0) + 1);
  }
  const named = [...connection.roleMappings, ...mappings].map(({ claim }) => claim);
  const unknownClaims = [...new Set(named)].filter((claim) => !known.has(claim)).toSorted();
  return { requests, people: people.size, gained: counted(gained), lost: counted(lost), unknownClaims };
}

/** Whom the request was for in the end: a mapping gives roles to the person, and an agent's own token has its own. */
function personOf(subject: Facts['subject']): Facts['subject'] {
  return subject.onBehalfOf === undefined ? subject : personOf(subject.onBehalfOf);
}

function knownClaims({ claims: { groups, department, attributes } }: IdentityConnection): readonly string[] {
  return ['iss', 'sub', 'scope', groups, ...(department === undefined ? [] : [department]), ...attributes];
}

function claimsOf(person: Facts['subject'], { claims: { groups, department } }: IdentityConnection): JsonObject {
  return {
    ...person.attributes,
    ...(department !== undefined && person.department !== undefined && { [department]: person.department }),
    [groups]: person.groups,
    scope: person.scopes.join(' '),
    iss: person.issuer,
    sub: person.id,
  };
}

function counted(counts: ReadonlyMap<string, number>): readonly RoleCount[] {
  return [...counts].map(([role, people]) => ({ role, people })).toSorted((a, b) => (a.role < b.role ? -1 : 1));
}
