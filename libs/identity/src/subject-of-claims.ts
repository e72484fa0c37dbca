import {
  err,
  ok,
  type IdentityConnection,
  type JsonObject,
  type JsonValue,
  type Result,
  type Subject,
} from '@writ/domain';
import { appOf, claimOf, textClaim } from './claim.js';
import { isObject } from './token.js';

const listLength = 500;
const clearanceMost = 9;
const actorsDeep = 4;

/** What a verified credential says, before it is a subject. */
export interface Vouched {
  readonly claims: JsonObject;
  readonly issuer: string;
  readonly method: Subject['method'];
  readonly credentialThumbprint: string;
  readonly expiresAt: number | undefined;
}

/** Which roles a token's claims map to, and which rules gave them. */
export interface MappedRoles {
  readonly roles: readonly string[];
  readonly matched: readonly number[];
  /** Why there are none although there may be claims: `group_overflow`, `claim_not_a_list:<name>`, `too_many:<name>`. */
  readonly withheld: string | undefined;
}

/**
 * Fails closed: when the identity provider could not say everything (Entra's overflow), says too much, or says it in a shape
 * we would have to guess at, nobody gets a role.
 */
export function mapRoles(claims: JsonObject, connection: IdentityConnection): MappedRoles {
  const names = new Set([connection.claims.groups, ...connection.roleMappings.map(({ claim }) => claim)]);
  const withheld =
    overflow(claims) ?? [...names].map((name) => unusable(claims, name)).find((why) => why !== undefined);
  if (withheld !== undefined) return { roles: [], matched: [], withheld };
  const matched = connection.roleMappings.flatMap((rule, index) =>
    textsOf(claimOf(claims, rule.claim), rule.claim).includes(rule.equals) ? [index] : [],
  );
  const roles = new Set(matched.map((index) => connection.roleMappings[index]!.role));
  return { roles: [...roles].toSorted(byCodeUnits), matched, withheld: undefined };
}

function overflow(claims: JsonObject): string | undefined {
  const isOverflowing = claims['_claim_names'] !== undefined || claims['hasgroups'] !== undefined;
  return isOverflowing ? 'group_overflow' : undefined;
}

function unusable(claims: JsonObject, name: string): string | undefined {
  const value = claimOf(claims, name);
  if (value === undefined) return undefined;
  if (isListClaim(name) && !isTexts(value)) return `claim_not_a_list:${name}`;
  return Array.isArray(value) && value.length > listLength ? `too_many:${name}` : undefined;
}

function isListClaim(name: string): boolean {
  return /(^|[._:/-])(roles|groups)$/i.test(name);
}

function isTexts(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** `scope` is RFC 8693's list with spaces; any other text is one value. */
function textsOf(value: JsonValue | undefined, name: string): readonly string[] {
  if (typeof value === 'string') return name === 'scope' || name === 'scp' ? value.split(' ').filter(Boolean) : [value];
  return value !== undefined && isTexts(value) ? value : [];
}

/** The subject, with the whole chain of whom it acts for (RFC 8693). The error is a stable code. */
export function subjectOf(vouched: Vouched, connection: IdentityConnection): Result<Subject, string> {
  const person = plainSubject(vouched, vouched.claims, connection, connection.subjectKind);
  const actors = actorsOf(vouched.claims);
  if (!actors.ok) return actors;
  if (!mayAct(vouched.claims, actors.value)) return err('actor_not_allowed');
  // The outermost `act` is the current actor and the innermost the first: each acts for the one before it.
  const chain = actors.value.toReversed();
  return ok(
    chain.reduce<Subject>(
      (onBehalfOf, actor) => ({ ...plainSubject(vouched, actor, connection, 'agent'), onBehalfOf }),
      person,
    ),
  );
}

function actorsOf(claims: JsonObject): Result<readonly JsonObject[], string> {
  const actors: JsonObject[] = [];
  for (let act = claims['act']; act !== undefined; act = act['act']) {
    if (!isObject(act) || textClaim(act, 'sub') === undefined) return err('actor_malformed');
    actors.push(act);
    if (actors.length > actorsDeep) return err('actor_depth');
  }
  return ok(actors);
}

/** RFC 8693 section 4.4: when the token says who may act, nobody else may. */
function mayAct(claims: JsonObject, actors: readonly JsonObject[]): boolean {
  const allowed = claims['may_act'];
  const current = actors[0];
  if (allowed === undefined || current === undefined) return true;
  if (!isObject(allowed)) return false;
  return ['sub', 'iss', 'client_id'].every((name) => allowed[name] === undefined || allowed[name] === current[name]);
}

function plainSubject(
  vouched: Vouched,
  claims: JsonObject,
  connection: IdentityConnection,
  kind: Subject['kind'],
): Subject {
  const { groups, department, clearance, attributes } = connection.claims;
  const mapped = mapRoles(claims, connection);
  const departmentName = department === undefined ? undefined : textClaim(claims, department);
  const app = appOf(claims);
  return {
    id: textClaim(claims, 'sub') ?? '',
    kind,
    issuer: textClaim(claims, 'iss') ?? vouched.issuer,
    method: vouched.method,
    connection: connection.id,
    credentialThumbprint: vouched.credentialThumbprint,
    roles: mapped.roles,
    groups: mapped.withheld === undefined ? textsOf(claimOf(claims, groups), groups).toSorted(byCodeUnits) : [],
    scopes: [...textsOf(claims['scope'], 'scope'), ...textsOf(claims['scp'], 'scp')].toSorted(byCodeUnits),
    ...(departmentName === undefined ? {} : { department: departmentName }),
    clearance: clearance === undefined ? 0 : clearanceOf(claimOf(claims, clearance)),
    attributes: Object.fromEntries(
      attributes.flatMap((name) => {
        const value = claimOf(claims, name);
        return value === undefined ? [] : [[name, plain(value)]];
      }),
    ),
    ...(app === undefined ? {} : { app }),
    ...(vouched.expiresAt === undefined ? {} : { expiresAt: vouched.expiresAt }),
  };
}

/** Anything but a whole number from 0 to 9 is no clearance. */
function clearanceOf(value: JsonValue | undefined): number {
  const isClearance = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= clearanceMost;
  return isClearance ? value : 0;
}

/** With ordinary prototypes again, for those who compare or clone. */
function plain(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
