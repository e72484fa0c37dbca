import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { BreakGlass } from './break-glass.types.js';
import { ChangeInput, DateTime, Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';

export enum TenantState {
  PENDING_SETUP = 'PENDING_SETUP',
  DOMAIN_VERIFIED = 'DOMAIN_VERIFIED',
  FEDERATED = 'FEDERATED',
  ENDPOINTS_READY = 'ENDPOINTS_READY',
  LIVE = 'LIVE',
  SUSPENDED = 'SUSPENDED',
  DELETING = 'DELETING',
}
registerEnumType(TenantState, { name: 'TenantState', description: 'How far the tenant has come.' });

@ObjectType({
  description: 'One thing to do on the way to LIVE; console, command line and documents show the same list.',
})
export class SetupStep {
  @Field()
  name!: string;
  @Field()
  done!: boolean;
  @Field({ description: 'True when LIVE does not wait for it.' })
  optional!: boolean;
  @Field({ description: 'The mutation that does it.' })
  mutation!: string;
  @Field()
  because!: string;
}

@ObjectType({ implements: () => [Node], description: 'The customer. One Postgres schema, one log, one set of keys.' })
export class Tenant implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  region!: string;
  @Field(() => TenantState)
  state!: TenantState;
  @Field(() => [SetupStep])
  nextSteps!: SetupStep[];
  @Field({ description: 'C2SP origin line of the log: what an auditor looks for in a checkpoint.' })
  logOrigin!: string;
  @Field(() => Int, { description: 'The configuration that gateways hold; 0 before the first was published.' })
  snapshotVersion!: number;
  @Field({ description: 'True when a second person must approve each publication of a policy.' })
  policyApproval!: boolean;
  @Field(() => BreakGlass)
  breakGlass!: BreakGlass;
  @Field(() => DateTime, {
    nullable: true,
    description: 'From when on its keys may be destroyed, once deletion was asked for.',
  })
  deletionDueAt!: string | null;
  @Field(() => Int)
  version!: number;
  @Field(() => DateTime)
  createdAt!: string;
}

@ObjectType({ description: 'Who is calling, as verified.' })
export class Viewer {
  @Field()
  subject!: string;
  @Field({ description: 'setup, member or recovery.' })
  kind!: string;
  @Field(() => [String])
  roles!: readonly string[];
  @Field(() => [String])
  permissions!: readonly string[];
}

@ObjectType({
  implements: () => [Node],
  description: 'One change of configuration. The ledger record is the evidence; this is the index to it.',
})
export class Change implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  event!: string;
  @Field()
  actor!: string;
  @Field({
    description:
      'The clear fields of the record, as JSON, with the reason that was given: the record holds that sealed.',
  })
  fields!: string;
  @Field(() => ID)
  recordId!: string;
  @Field(() => DateTime)
  at!: string;
}
export const ChangeConnection = connectionOf(Change);

@InputType()
export class SignUpInput extends ChangeInput {
  @Field()
  email!: string;
}

@InputType()
export class CompleteSetupInput extends ChangeInput {}

@InputType()
export class VerifyEmailInput {
  @Field(() => ID)
  signUpId!: string;
  @Field()
  code!: string;
}

@InputType()
export class CreateTenantInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({ description: 'Where the records are kept, such as eu-central-1.' })
  region!: string;
}

@InputType()
export class UpdateTenantInput extends UpdateInput {
  @Field(() => String, { nullable: true })
  name?: string;
  @Field(() => String, { nullable: true, description: 'committed, receipted or witnessed.' })
  evidenceLevel?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'How long records are kept from now on: m6, y1, y3, y6, y7 or y10. A shorter time needs a second person.',
  })
  keep?: string;
  @Field(() => [String], {
    nullable: true,
    description: 'Classes whose requests get a dispatch record before the first attempt.',
  })
  dispatchClasses?: string[];
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether a second person must approve each publication of a policy.',
  })
  policyApproval?: boolean;
}

@InputType()
export class CreateDomainInput extends ChangeInput {
  @Field()
  name!: string;
}

@InputType()
export class VerifyDomainInput extends ChangeInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class RemoveDomainInput extends ChangeInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@ObjectType({ implements: () => [Node], description: 'A DNS domain of the tenant, proved by a TXT record.' })
export class Domain implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field({ description: 'Name of the TXT record.' })
  recordName!: string;
  @Field({ description: 'What the TXT record must hold.' })
  recordValue!: string;
  @Field(() => DateTime, { nullable: true })
  verifiedAt!: string | null;
  @Field(() => Int)
  version!: number;
}
export const DomainConnection = connectionOf(Domain);

export const SignUpPayload = payloadOf('SignUpPayload', { signUpId: () => ID });
export const VerifyEmailPayload = payloadOf('VerifyEmailPayload', {
  setupToken: () => String,
  expiresAt: () => DateTime,
});
export const CreateTenantPayload = payloadOf('CreateTenantPayload', { tenant: () => Tenant });
export const CompleteSetupPayload = payloadOf('CompleteSetupPayload', { tenant: () => Tenant });
export const UpdateTenantPayload = payloadOf('UpdateTenantPayload', { tenant: () => Tenant });
export const CreateDomainPayload = payloadOf('CreateDomainPayload', { domain: () => Domain });
export const VerifyDomainPayload = payloadOf('VerifyDomainPayload', { domain: () => Domain });
export const RemoveDomainPayload = payloadOf('RemoveDomainPayload', { domain: () => Domain });
