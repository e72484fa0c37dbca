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

@ObjectType({
  implements: () => [Node],
  description: 'A key of a model vendor. Write-only: only its fingerprint and last four characters are shown.',
})
export class ProviderCredential implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  provider!: string;
  @Field()
  fingerprint!: string;
  @Field()
  lastFour!: string;
  @Field(() => Int)
  version!: number;
}
export const ProviderCredentialConnection = connectionOf(ProviderCredential);

@ObjectType({
  implements: () => [Node],
  description: 'A contract of an endpoint, such as a business associate agreement, with the days it holds.',
})
export class Baa implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The name that policy sees in endpoint.certs.' })
  name!: string;
  @Field(() => DateTime)
  validFrom!: string;
  @Field(() => DateTime)
  validUntil!: string;
  @Field(() => String, { nullable: true })
  document!: string | null;
}

@ObjectType({ implements: () => [Node], description: 'One provider at one address in one region under one contract.' })
export class Endpoint implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'The name that policy, aliases and records use.' })
  name!: string;
  @Field()
  provider!: string;
  @Field()
  baseUrl!: string;
  @Field()
  region!: string;
  @Field()
  residency!: string;
  @Field()
  zeroRetention!: boolean;
  @Field()
  selfHosted!: boolean;
  @Field(() => Int)
  costClass!: number;
  @Field(() => Int)
  maxClassification!: number;
  @Field(() => [String])
  models!: string[];
  @Field(() => [ID])
  credentialIds!: string[];
  @Field(() => [Pair])
  settings!: Pair[];
  @Field(() => [Baa])
  baas!: Baa[];
  @Field(() => DateTime, { nullable: true })
  retiredAt!: string | null;
  @Field(() => Int)
  version!: number;
}
export const EndpointConnection = connectionOf(Endpoint);

@ObjectType({
  implements: () => [Node],
  description: 'A named group of endpoints; policy sees membership as the certificate `set:<name>`.',
})
export class EndpointSet implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field(() => [ID])
  endpointIds!: string[];
  @Field(() => Int)
  version!: number;
}
export const EndpointSetConnection = connectionOf(EndpointSet);

@ObjectType()
export class AliasTarget {
  @Field({ description: 'The endpoint, by its name.' })
  endpoint!: string;
  @Field()
  model!: string;
  @Field(() => Int)
  weight!: number;
  @Field(() => Int, { nullable: true })
  contextLength?: number;
  @Field(() => [String], { nullable: true })
  capabilities?: string[];
}

@ObjectType({ implements: () => [Node], description: 'What a caller asks for, mapped to candidates.' })
export class Alias implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  strategy!: string;
  @Field(() => [AliasTarget])
  candidates!: AliasTarget[];
  @Field(() => Int)
  version!: number;
}
export const AliasConnection = connectionOf(Alias);

@InputType()
export class CreateProviderCredentialInput extends ChangeInput {
  @Field()
  name!: string;
  @Field()
  provider!: string;
  @Field({ description: "The vendor's key. Sealed with the tenant's key at once; no query gives it back." })
  secret!: string;
}

@InputType()
export class RotateProviderCredentialInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  secret!: string;
}

@InputType()
export class RegisterEndpointInput extends ChangeInput {
  @Field()
  name!: string;
  @Field()
  provider!: string;
  @Field()
  baseUrl!: string;
  @Field()
  region!: string;
  @Field()
  residency!: string;
  @Field({ defaultValue: false })
  zeroRetention!: boolean;
  @Field({ defaultValue: false })
  selfHosted!: boolean;
  @Field(() => Int, { defaultValue: 5 })
  costClass!: number;
  @Field(() => Int, { defaultValue: 0 })
  maxClassification!: number;
  @Field(() => [String])
  models!: string[];
  @Field(() => [ID], { defaultValue: [] })
  credentialIds!: string[];
  @Field(() => [PairInput], { defaultValue: [] })
  settings!: PairInput[];
}

@InputType()
export class UpdateEndpointInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  baseUrl?: string;
  @Field(() => String, { nullable: true })
  region?: string;
  @Field(() => String, { nullable: true })
  residency?: string;
  @Field(() => Boolean, { nullable: true })
  zeroRetention?: boolean;
  @Field(() => Boolean, { nullable: true })
  selfHosted?: boolean;
  @Field(() => Int, { nullable: true })
  costClass?: number;
  @Field(() => Int, { nullable: true })
  maxClassification?: number;
  @Field(() => [String], { nullable: true })
  models?: string[];
  @Field(() => [ID], { nullable: true, description: 'All of them: those that are not named are no longer used.' })
  credentialIds?: string[];
  @Field(() => [PairInput], { nullable: true, description: 'All of them.' })
  settings?: PairInput[];
}

@InputType()
export class RetireEndpointInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@InputType()
export class AttachBaaInput extends ChangeInput {
  @Field(() => ID)
  endpointId!: string;
  @Field({ defaultValue: 'HIPAA-BAA' })
  name!: string;
  @Field(() => DateTime)
  validFrom!: string;
  @Field(() => DateTime)
  validUntil!: string;
  @Field(() => String, { nullable: true })
  document?: string;
}

@InputType()
export class CreateEndpointSetInput extends ChangeInput {
  @Field()
  name!: string;
  @Field(() => [ID])
  endpointIds!: string[];
}

@InputType()
export class UpdateEndpointSetInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => [ID])
  endpointIds!: string[];
}

@InputType()
export class AliasTargetInput {
  @Field()
  endpoint!: string;
  @Field()
  model!: string;
  @Field(() => Int, { defaultValue: 1 })
  weight!: number;
  @Field(() => Int, { nullable: true, description: 'Tokens that the model accepts.' })
  contextLength?: number;
  @Field(() => [String], {
    nullable: true,
    description:
      'What the model can beyond text: image, audio, file, tools, json-schema, reasoning. For capability-fit.',
  })
  capabilities?: string[];
}

@InputType()
export class SetAliasInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({
    defaultValue: 'ordered',
    description:
      'ordered, weighted, least-cost, lowest-latency, capability-fit or sticky; or several joined by +, of which the earlier decides.',
  })
  strategy!: string;
  @Field(() => [AliasTargetInput])
  candidates!: AliasTargetInput[];
  @Field(() => Int, { nullable: true, description: 'Absent for a new alias.' })
  expectedVersion?: number;
}

@InputType()
export class RemoveAliasInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

export const CreateProviderCredentialPayload = payloadOf('CreateProviderCredentialPayload', {
  providerCredential: () => ProviderCredential,
});
export const RotateProviderCredentialPayload = payloadOf('RotateProviderCredentialPayload', {
  providerCredential: () => ProviderCredential,
});
export const RegisterEndpointPayload = payloadOf('RegisterEndpointPayload', { endpoint: () => Endpoint });
export const RetireEndpointPayload = payloadOf('RetireEndpointPayload', { endpoint: () => Endpoint });
export const AttachBaaPayload = payloadOf('AttachBaaPayload', { baa: () => Baa, endpoint: () => Endpoint });
export const CreateEndpointSetPayload = payloadOf('CreateEndpointSetPayload', { endpointSet: () => EndpointSet });
export const UpdateEndpointSetPayload = payloadOf('UpdateEndpointSetPayload', { endpointSet: () => EndpointSet });
export const SetAliasPayload = payloadOf('SetAliasPayload', { alias: () => Alias });
export const UpdateEndpointPayload = payloadOf('UpdateEndpointPayload', { endpoint: () => Endpoint });
export const RemoveAliasPayload = payloadOf('RemoveAliasPayload', { alias: () => Alias });
