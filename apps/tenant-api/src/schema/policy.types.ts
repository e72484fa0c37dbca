import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';

@ObjectType({ description: 'What the compiler says of a policy, with its place; lines and columns count from 1.' })
export class PolicyDiagnostic {
  @Field()
  severity!: string;
  @Field()
  code!: string;
  @Field()
  message!: string;
  @Field(() => Int)
  line!: number;
  @Field(() => Int)
  column!: number;
  @Field(() => String, { nullable: true })
  hint?: string;
}

@ObjectType({ implements: () => [Node], description: 'One version of the policy. What was published never changes.' })
export class Policy implements Node {
  @Field(() => ID)
  id!: string;
  @Field(() => Int, { description: 'The number that records carry.' })
  number!: number;
  @Field()
  source!: string;
  @Field({
    description: '`sha256:` and hex over the canonical rules; two sources that mean the same have the same hash.',
  })
  hash!: string;
  @Field({ description: 'draft, published or superseded.' })
  state!: string;
  @Field()
  author!: string;
  @Field(() => String, { nullable: true })
  publisher!: string | null;
  @Field(() => DateTime, { nullable: true })
  publishedAt!: string | null;
  @Field(() => Int)
  version!: number;
}
export const PolicyConnection = connectionOf(Policy);

@InputType()
export class DraftPolicyInput extends ChangeInput {
  @Field({ description: 'YAML or JSON, at most 256 KiB.' })
  source!: string;
}

@InputType()
export class ValidatePolicyInput extends ChangeInput {
  @Field()
  source!: string;
}

@InputType()
export class PublishPolicyInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The hash that was reviewed; nothing else is published.' })
  expectedHash!: string;
}

export const DraftPolicyPayload = payloadOf('DraftPolicyPayload', {
  policy: () => Policy,
  diagnostics: () => [PolicyDiagnostic],
});
export const ValidatePolicyPayload = payloadOf('ValidatePolicyPayload', {
  valid: () => Boolean,
  hash: () => String,
  diagnostics: () => [PolicyDiagnostic],
});
export const PublishPolicyPayload = payloadOf('PublishPolicyPayload', {
  policy: () => Policy,
  snapshotVersion: () => Int,
});
