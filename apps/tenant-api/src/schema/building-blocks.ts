import { Type } from '@nestjs/common';
import { ArgsType, Field, ID, InputType, Int, InterfaceType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** Why a change was refused. The list only grows; a client must be ready for a code it does not know. */
export enum UserErrorCode {
  INVALID = 'INVALID',
  NOT_FOUND = 'NOT_FOUND',
  TAKEN = 'TAKEN',
  CONFLICT = 'CONFLICT',
  FORBIDDEN_TARGET = 'FORBIDDEN_TARGET',
  CODE_REFUSED = 'CODE_REFUSED',
  NOT_VERIFIED = 'NOT_VERIFIED',
  TOKEN_REFUSED = 'TOKEN_REFUSED',
  POLICY_INVALID = 'POLICY_INVALID',
  HASH_MISMATCH = 'HASH_MISMATCH',
  IDEMPOTENCY_MISMATCH = 'IDEMPOTENCY_MISMATCH',
  APPROVAL_REQUIRED = 'APPROVAL_REQUIRED',
  SECOND_PERSON_REQUIRED = 'SECOND_PERSON_REQUIRED',
  LAST_OWNER = 'LAST_OWNER',
  RATE_LIMITED = 'RATE_LIMITED',
  UNAVAILABLE = 'UNAVAILABLE',
  WRONG_STATE = 'WRONG_STATE',
  CHECK_FAILED = 'CHECK_FAILED',
  LOOSENING_NOT_TICKED = 'LOOSENING_NOT_TICKED',
  TOO_BUSY = 'TOO_BUSY',
  TOO_SLOW = 'TOO_SLOW',
  IDEMPOTENCY_REQUIRED = 'IDEMPOTENCY_REQUIRED',
}
registerEnumType(UserErrorCode, { name: 'UserErrorCode', description: 'Why a change was refused; the list grows.' });

@ObjectType({
  description: 'One field of a change that came too late: what stands now, and what was sent. Lists as JSON.',
})
export class Difference {
  @Field()
  field!: string;
  @Field(() => String, { nullable: true })
  stands!: string | null;
  @Field(() => String, { nullable: true })
  sent!: string | null;
}

@ObjectType({ description: 'A refusal as data: which input, which code, and a sentence that says who can mend it.' })
export class UserError {
  @Field(() => [String], { description: 'Path of the input at fault; empty for the whole.' })
  field!: readonly string[];
  @Field(() => UserErrorCode)
  code!: UserErrorCode;
  @Field()
  message!: string;
  @Field(() => Int, { nullable: true, description: 'With CONFLICT: the version that stands now.' })
  currentVersion?: number;
  @Field(() => [Difference], {
    nullable: true,
    description: 'With CONFLICT: the fields of this change that stand otherwise now. No secret is among them.',
  })
  differences?: readonly Difference[];
  @Field(() => ID, { nullable: true, description: 'With APPROVAL_REQUIRED: what a second person must approve.' })
  approvalId?: string;
}

export function userError(field: string, code: UserErrorCode, message: string): UserError {
  return { field: field === '' ? [] : field.split('.'), code, message };
}

@ObjectType({ description: 'The ledger record that was durable before this change took effect.' })
export class AuditRecord {
  @Field(() => ID)
  id!: string;
  @Field({
    description: 'Where its proof is: send the same access token. The proof names its place in the log a second later.',
  })
  proofUrl!: string;
}

@InterfaceType({ description: 'Anything with an opaque global id.' })
export abstract class Node {
  @Field(() => ID)
  id!: string;
}

@ObjectType()
export class PageInfo {
  @Field()
  hasNextPage!: boolean;
  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly pageInfo: PageInfo;
}

/** The Relay connection of a type: `<Name>Connection` with edges and page information. */
export function connectionOf<T>(node: Type<T>): Type<Connection<T>> {
  @ObjectType(`${node.name}Edge`)
  class Edge {
    @Field()
    cursor!: string;
    @Field(() => node)
    node!: T;
  }
  @ObjectType(`${node.name}Connection`)
  class Page {
    @Field(() => [Edge])
    edges!: Edge[];
    @Field(() => PageInfo)
    pageInfo!: PageInfo;
  }
  return Page;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { description: '1 to 100.' })
  first!: number;
  @Field(() => String, { nullable: true })
  after?: string;
}

@InputType({ isAbstract: true })
export abstract class ChangeInput {
  @Field({ defaultValue: false, description: 'Check everything and change nothing; nothing is recorded either.' })
  dryRun!: boolean;
}

@InputType({ isAbstract: true })
export abstract class UpdateInput extends ChangeInput {
  @Field(() => Int, { description: 'The version this change was made from; CONFLICT when it is no longer current.' })
  expectedVersion!: number;
}

/** The payload of a mutation: what changed (absent when refused), the refusals, and the record. */
export function payloadOf(name: string, fields: Readonly<Record<string, () => unknown>>): Type<object> {
  class Payload {}
  Object.defineProperty(Payload, 'name', { value: name });
  ObjectType(name)(Payload);
  for (const [field, type] of Object.entries(fields))
    Field(type as () => typeof String, { nullable: true })(Payload.prototype, field);
  Field(() => [UserError])(Payload.prototype, 'userErrors');
  Field(() => AuditRecord, { nullable: true })(Payload.prototype, 'auditRecord');
  return Payload;
}

function instant(value: unknown): string {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new GraphQLError('A DateTime is an RFC 3339 instant, such as 2026-11-21T09:00:00Z.');
  return new Date(ms).toISOString();
}

/** RFC 3339 with milliseconds, in UTC. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description: 'An instant, RFC 3339 in UTC.',
  serialize: instant,
  parseValue: instant,
  parseLiteral: (node) => instant(node.kind === Kind.STRING ? node.value : undefined),
});

const digits = /^(0|[1-9][0-9]{0,17})$/;
function micros(value: unknown): string {
  if (typeof value !== 'string' || !digits.test(value))
    throw new GraphQLError('An amount is a decimal string of micro-units, such as "1500000" for 1.50.');
  return value;
}

export const Micros = new GraphQLScalarType<string, string>({
  name: 'Micros',
  description: "Money in micro-units of the tenant's currency: a decimal string of an integer.",
  serialize: (value) => (typeof value === 'string' ? value.split('.')[0]! : String(value)),
  parseValue: micros,
  parseLiteral: (node) => micros(node.kind === Kind.STRING ? node.value : undefined),
});

@ObjectType({ description: 'A name with a value.' })
export class Pair {
  @Field()
  name!: string;
  @Field()
  value!: string;
}

@InputType()
export class PairInput {
  @Field()
  name!: string;
  @Field()
  value!: string;
}

export const pairsOf = (record: Readonly<Record<string, string>>): Pair[] =>
  Object.entries(record).map(([name, value]) => ({ name, value }));

/** Made with no prototype, so that a name such as `__proto__` stays a name. */
export const recordOf = (pairs: readonly PairInput[]): Record<string, string> =>
  Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(pairs.map((p) => [p.name, p.value])));
