import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';
import { PolicyChange, PolicyCheck, PolicyDiagnostic } from './policy-reports.types.js';

@ObjectType({
  implements: () => [Node],
  description:
    'One version of the policy, on its way draft, validated, submitted, approved, published, superseded. An edit makes it a draft again; what was published never changes.',
})
export class Policy implements Node {
  @Field(() => ID)
  id!: string;
  @Field(() => Int, { description: 'The number that records carry.' })
  number!: number;
  @Field()
  source!: string;
  @Field({
    description:
      '`sha256:` and hex over the canonical rules; two sources that mean the same have the same hash. Empty while the draft does not compile.',
  })
  hash!: string;
  @Field(() => [PolicyDiagnostic], { description: 'What the reader complained of when this text was stored.' })
  diagnostics!: PolicyDiagnostic[];
  @Field({ description: '`sha256:` and hex over the text.' })
  sourceHash!: string;
  @Field(() => String, { nullable: true, description: 'Hash of the version in force when this one was drafted.' })
  parentHash!: string | null;
  @Field({ description: 'draft, validated, submitted, approved, published or superseded.' })
  state!: string;
  @Field({ description: 'A digest of who wrote the text that stands.' })
  author!: string;
  @Field(() => String, { nullable: true })
  approver!: string | null;
  @Field(() => String, { nullable: true })
  publisher!: string | null;
  @Field(() => DateTime, { nullable: true })
  publishedAt!: string | null;
  @Field({ description: 'On trial: evaluated beside the live version and recorded, never enforced.' })
  shadow!: boolean;
  @Field(() => Int, { nullable: true, description: 'The number of the version whose text this one brings back.' })
  rollbackOf!: number | null;
  @Field(() => PolicyCheck, { nullable: true, description: 'What the last check of this text found.' })
  check!: PolicyCheck | null;
  @Field(() => [String], { description: 'The loosenings that the approver ticked.' })
  ticked!: string[];
  @Field(() => Int)
  version!: number;
}
export const PolicyConnection = connectionOf(Policy);

@InputType()
export class DraftPolicyInput extends ChangeInput {
  @Field({ description: 'YAML or JSON, at most 256 KiB.' })
  source!: string;
  @Field(() => ID, { nullable: true, description: 'A version to edit, which becomes a draft again; else a new one.' })
  id?: string;
  @Field(() => Int, { nullable: true, description: 'With `id`: the version the edit was made from.' })
  expectedVersion?: number;
}

@InputType()
export class ValidatePolicyInput extends ChangeInput {
  @Field()
  source!: string;
}

@InputType()
export class CheckPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class SubmitPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class ApprovePolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The hash that was reviewed.' })
  expectedHash!: string;
  @Field(() => [String], { description: 'The id of every loosening in `check.loosenings`, one by one.' })
  ticked!: string[];
}

@InputType()
export class RejectPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'Why, in 3 to 200 characters; it stands in the record.' })
  reason!: string;
}

@InputType()
export class PublishPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The hash that was reviewed; nothing else is published.' })
  expectedHash!: string;
}

@InputType()
export class RollbackPolicyInput extends ChangeInput {
  @Field(() => ID, { description: 'The superseded version whose text is wanted back.' })
  id!: string;
}

@InputType()
export class TryPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'True begins the trial, false ends it. One version is on trial at a time.' })
  on!: boolean;
}

export const DraftPolicyPayload = payloadOf('DraftPolicyPayload', {
  policy: () => Policy,
  diagnostics: () => [PolicyDiagnostic],
  conflict: () => [PolicyChange],
});
export const ValidatePolicyPayload = payloadOf('ValidatePolicyPayload', {
  valid: () => Boolean,
  hash: () => String,
  diagnostics: () => [PolicyDiagnostic],
});
export const CheckPolicyPayload = payloadOf('CheckPolicyPayload', { policy: () => Policy, check: () => PolicyCheck });
export const SubmitPolicyPayload = payloadOf('SubmitPolicyPayload', { policy: () => Policy });
export const ApprovePolicyPayload = payloadOf('ApprovePolicyPayload', {
  policy: () => Policy,
  unticked: () => [PolicyChange],
});
export const RejectPolicyPayload = payloadOf('RejectPolicyPayload', { policy: () => Policy });
export const PublishPolicyPayload = payloadOf('PublishPolicyPayload', {
  policy: () => Policy,
  check: () => PolicyCheck,
  snapshotVersion: () => Int,
});
export const RollbackPolicyPayload = payloadOf('RollbackPolicyPayload', {
  policy: () => Policy,
  check: () => PolicyCheck,
});
export const TryPolicyPayload = payloadOf('TryPolicyPayload', { policy: () => Policy });
