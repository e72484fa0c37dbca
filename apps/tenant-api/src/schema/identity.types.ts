import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import {
  ChangeInput,
  DateTime,
  Node,
  Pair,
  PairInput,
  UpdateInput,
  connectionOf,
  payloadOf,
} from './building-blocks.js';

@ObjectType({ description: 'A rule of the claim mapping: every rule that matches adds its role.' })
export class ClaimMapping {
  @Field()
  claim!: string;
  @Field()
  equals!: string;
  @Field()
  role!: string;
}

@InputType()
export class ClaimMappingInput {
  @Field()
  claim!: string;
  @Field()
  equals!: string;
  @Field()
  role!: string;
}

@ObjectType({ implements: () => [Node], description: "A way to verify the tenant's people, agents or workloads." })
export class IdentityProvider implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  kind!: string;
  @Field()
  issuer!: string;
  @Field(() => [String])
  audiences!: string[];
  @Field(() => String, { nullable: true })
  jwksUri!: string | null;
  @Field(() => [String])
  algorithms!: string[];
  @Field(() => [Pair])
  boundClaims!: Pair[];
  @Field()
  subjectKind!: string;
  @Field(() => [ClaimMapping])
  claimMappings!: ClaimMapping[];
  @Field()
  groupsClaim!: string;
  @Field({ description: 'False until a real token passed the test; gateways hold enabled providers only.' })
  enabled!: boolean;
  @Field(() => DateTime, { nullable: true })
  testedAt!: string | null;
  @Field(() => Int)
  version!: number;
}
export const IdentityProviderConnection = connectionOf(IdentityProvider);

@ObjectType({ description: 'One check, what it saw, and the checks below it.' })
export class ExplainNode {
  @Field()
  label!: string;
  @Field({ description: 'pass, fail, skipped or info.' })
  outcome!: string;
  @Field()
  because!: string;
  @Field(() => [ExplainNode])
  children!: ExplainNode[];
}

@InputType()
export class CreateIdentityProviderInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({ description: 'The OIDC issuer; discovery and keys are fetched through the egress guard.' })
  issuer!: string;
  @Field(() => [String], {
    description: "The `aud` values accepted. This API's own audience must be among them for administrators.",
  })
  audiences!: string[];
  @Field(() => [PairInput], {
    defaultValue: [],
    description: 'Claims that must hold exactly these values: tid, hd, org_id.',
  })
  boundClaims!: PairInput[];
  @Field({ defaultValue: 'human', description: 'human, agent or workload.' })
  subjectKind!: string;
  @Field({ defaultValue: 'groups' })
  groupsClaim!: string;
  @Field(() => String, { nullable: true })
  departmentClaim?: string;
  @Field(() => String, { nullable: true })
  clearanceClaim?: string;
  @Field(() => [String], { defaultValue: [] })
  attributeClaims!: string[];
  @Field({ defaultValue: false, description: 'Confirms key addresses of another origin than the issuer; recorded.' })
  confirmCrossOrigin!: boolean;
  @Field(() => Int, { defaultValue: 3600 })
  maxLifetimeSeconds!: number;
}

@InputType()
export class TestIdentityProviderInput extends ChangeInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'A real access token. It is checked and forgotten.' })
  token!: string;
}

@InputType()
export class SetClaimMappingsInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [ClaimMappingInput])
  mappings!: ClaimMappingInput[];
}

@InputType({ isAbstract: true })
export abstract class IdentityProviderRefInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class EnableIdentityProviderInput extends IdentityProviderRefInput {}

@InputType()
export class DisableIdentityProviderInput extends IdentityProviderRefInput {}

@InputType()
export class RemoveIdentityProviderInput extends IdentityProviderRefInput {
  @Field()
  reason!: string;
}
export const RemoveIdentityProviderPayload = payloadOf('RemoveIdentityProviderPayload', {
  identityProvider: () => IdentityProvider,
});

@InputType()
export class RotateScimTokenInput extends ChangeInput {
  @Field(() => ID, { description: 'The identity provider whose people the token may announce and withdraw.' })
  identityProviderId!: string;
}

export const RotateScimTokenPayload = payloadOf('RotateScimTokenPayload', {
  scimToken: () => String,
  scimUrl: () => String,
});
export const CreateIdentityProviderPayload = payloadOf('CreateIdentityProviderPayload', {
  identityProvider: () => IdentityProvider,
});
export const TestIdentityProviderPayload = payloadOf('TestIdentityProviderPayload', {
  explanation: () => ExplainNode,
  passed: () => Boolean,
  roles: () => [String],
});
export const SetClaimMappingsPayload = payloadOf('SetClaimMappingsPayload', {
  identityProvider: () => IdentityProvider,
});
export const EnableIdentityProviderPayload = payloadOf('EnableIdentityProviderPayload', {
  identityProvider: () => IdentityProvider,
});
export const DisableIdentityProviderPayload = payloadOf('DisableIdentityProviderPayload', {
  identityProvider: () => IdentityProvider,
});
