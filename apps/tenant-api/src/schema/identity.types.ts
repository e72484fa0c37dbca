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
  @Field({
    defaultValue: 'oidc',
    description: 'oidc, workload (Kubernetes, GitHub, SPIFFE), introspection (RFC 7662) or mtls (RFC 8705).',
  })
  kind!: string;
  @Field(() => String, {
    nullable: true,
    description: 'The issuer; discovery and keys are fetched through the egress guard. Not for mtls.',
  })
  issuer?: string;
  @Field(() => String, { nullable: true, description: 'workload: the keys of an issuer that cannot be reached.' })
  jwks?: string;
  @Field(() => String, { nullable: true, description: 'introspection: the client that asks.' })
  clientId?: string;
  @Field(() => String, { nullable: true, description: 'introspection: its secret. Sealed, and never read back.' })
  clientSecret?: string;
  @Field(() => Int, {
    nullable: true,
    description: 'introspection: an outage may take the last yes for so many seconds, at most 60; recorded as such.',
  })
  staleAllowSeconds?: number;
  @Field(() => String, { nullable: true, description: 'mtls: the certificate authority, PEM.' })
  trustRoots?: string;
  @Field(() => [String], {
    defaultValue: [],
    description: 'mtls: fingerprints or serial numbers that no longer count.',
  })
  revoked!: string[];
  @Field(() => String, { nullable: true, description: 'dpop or certificate: tokens must be bound that way.' })
  confirmation?: string;
  @Field({ defaultValue: false, description: 'Accepts tokens for others too, when azp or client_id is bound.' })
  multipleAudiences!: boolean;
  @Field({ defaultValue: false })
  acceptIdTokens!: boolean;
  @Field(() => [ClaimMappingInput], { defaultValue: [], description: 'The first mapping from claims to roles.' })
  mappings!: ClaimMappingInput[];
  @Field(() => [String], {
    defaultValue: [],
    description: 'Roles for everyone who fulfils the first bound claim; further ones by setClaimMappings.',
  })
  roles!: string[];
  @Field(() => [String], {
    defaultValue: [],
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
  @Field({ description: 'A real access token; for mtls the PEM of a client certificate. It is checked and forgotten.' })
  token!: string;
}

@InputType()
export class SetClaimMappingsInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [ClaimMappingInput])
  mappings!: ClaimMappingInput[];
}

@InputType()
export class UpdateIdentityProviderInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => Int, { nullable: true })
  maxLifetimeSeconds?: number;
  @Field(() => [String], { nullable: true, description: 'mtls: fingerprints or serial numbers that no longer count.' })
  revoked?: string[];
  @Field(() => String, { nullable: true, description: 'workload: replaces the uploaded keys.' })
  jwks?: string;
}

@InputType()
export class RotateClientSecretInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'Sealed, and never read back.' })
  clientSecret!: string;
}

@InputType()
export class PreviewClaimMappingsInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [ClaimMappingInput])
  mappings!: ClaimMappingInput[];
  @Field({ description: 'A real access token. It is checked and forgotten.' })
  token!: string;
}

@ObjectType({ description: 'What a mapping would give to the bearer of a real token.' })
export class ClaimMappingPreview {
  @Field({ description: 'False when the token itself would be refused.' })
  accepted!: boolean;
  @Field(() => [String])
  rolesNow!: string[];
  @Field(() => [String])
  rolesThen!: string[];
  @Field(() => ExplainNode)
  explanation!: ExplainNode;
}

@InputType()
export class ClaimMappingReportInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [ClaimMappingInput])
  mappings!: ClaimMappingInput[];
  @Field(() => Int, { defaultValue: 100, description: 'Of the newest decisions, 1 to 100.' })
  first!: number;
}

@ObjectType({ description: 'How many people gain or lose a role.' })
export class RoleCount {
  @Field()
  role!: string;
  @Field(() => Int)
  people!: number;
}

@ObjectType({ description: 'What another mapping would change for those who called lately. Nobody is named.' })
export class ClaimMappingReport {
  @Field(() => Int)
  requests!: number;
  @Field(() => Int)
  people!: number;
  @Field(() => [RoleCount])
  gained!: RoleCount[];
  @Field(() => [RoleCount])
  lost!: RoleCount[];
  @Field(() => [String], {
    description: 'Claims that rules name and no record holds: what these rules would do is not in the counts.',
  })
  unknownClaims!: string[];
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

export const UpdateIdentityProviderPayload = payloadOf('UpdateIdentityProviderPayload', {
  identityProvider: () => IdentityProvider,
});
export const RotateClientSecretPayload = payloadOf('RotateClientSecretPayload', {
  identityProvider: () => IdentityProvider,
});
