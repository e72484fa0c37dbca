import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';

@ObjectType({ implements: () => [Node], description: 'A key of an app. The secret was shown once; only this is left.' })
export class AppKey implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  prefix!: string;
  @Field()
  lastFour!: string;
  @Field(() => DateTime, { nullable: true })
  expiresAt!: string | null;
  @Field(() => DateTime, { nullable: true })
  revokedAt!: string | null;
  @Field(() => Int)
  version!: number;
}

@ObjectType({
  implements: () => [Node],
  description: 'A program that calls models with keys of its own: an agent or a workload.',
})
export class App implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  kind!: string;
  @Field(() => [String], { description: 'Roles that policy sees. No role of an app administers anything.' })
  roles!: string[];
  @Field(() => [AppKey])
  keys!: AppKey[];
  @Field(() => Int)
  version!: number;
}
export const AppConnection = connectionOf(App);

@ObjectType({
  implements: () => [Node],
  description: 'A person whom the identity provider vouched for, or SCIM announced.',
})
export class Member implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  subject!: string;
  @Field(() => String, { nullable: true })
  email!: string | null;
  @Field(() => [String], { description: 'Roles granted here, on top of what the claim mapping gives.' })
  roles!: string[];
  @Field({ description: 'False once deprovisioned: refused here, whatever the token says.' })
  active!: boolean;
  @Field(() => Int)
  version!: number;
}
export const MemberConnection = connectionOf(Member);

@ObjectType({ description: 'A role that means something to this API, and what it may do.' })
export class Role {
  @Field()
  name!: string;
  @Field(() => [String])
  permissions!: readonly string[];
}

@ObjectType({ implements: () => [Node], description: 'A change that waits for a second person.' })
export class Approval implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The mutation it is for.' })
  kind!: string;
  @Field({ description: 'The exact arguments, as JSON; the approval holds for nothing else.' })
  subject!: string;
  @Field({ description: 'pending, approved, rejected, used or expired.' })
  state!: string;
  @Field({ description: 'Digest of the requester.' })
  requestedBy!: string;
  @Field(() => String, { nullable: true })
  decidedBy!: string | null;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field(() => DateTime)
  expiresAt!: string;
  @Field(() => Int)
  version!: number;
}
export const ApprovalConnection = connectionOf(Approval);

@InputType()
export class CreateAppInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({ defaultValue: 'workload', description: 'agent or workload.' })
  kind!: string;
  @Field(() => [String])
  roles!: string[];
}

@InputType()
export class CreateAppKeyInput extends ChangeInput {
  @Field(() => ID)
  appId!: string;
  @Field(() => DateTime, { nullable: true, description: 'At most a year ahead; 90 days when absent.' })
  expiresAt?: string;
}

@InputType()
export class RevokeAppKeyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@InputType()
export class InviteMemberInput extends ChangeInput {
  @Field(() => ID)
  identityProviderId!: string;
  @Field({ description: 'The `sub` that the identity provider will say of this person.' })
  subject!: string;
  @Field(() => String, { nullable: true, description: 'Where the invitation is sent; absent for no mail.' })
  email?: string;
  @Field(() => [String], { defaultValue: [], description: 'Granted on top of the claim mapping.' })
  roles!: string[];
}

@InputType()
export class SetMemberRolesInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [String])
  roles!: string[];
}

@InputType()
export class RemoveMemberInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@InputType()
export class ApproveChangeInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class RejectChangeInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

export const CreateAppPayload = payloadOf('CreateAppPayload', { app: () => App });
export const CreateAppKeyPayload = payloadOf('CreateAppKeyPayload', { appKey: () => AppKey, secret: () => String });
export const RevokeAppKeyPayload = payloadOf('RevokeAppKeyPayload', { appKey: () => AppKey });
export const InviteMemberPayload = payloadOf('InviteMemberPayload', { member: () => Member });
export const SetMemberRolesPayload = payloadOf('SetMemberRolesPayload', { member: () => Member });
export const RemoveMemberPayload = payloadOf('RemoveMemberPayload', { member: () => Member });
export const ApproveChangePayload = payloadOf('ApproveChangePayload', { approval: () => Approval });
export const RejectChangePayload = payloadOf('RejectChangePayload', { approval: () => Approval });
