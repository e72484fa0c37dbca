import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Micros, Node, UpdateInput, connectionOf, payloadOf } from './building-blocks.js';

@ObjectType({ implements: () => [Node], description: 'A ceiling on money. Hard ceilings refuse; others notify.' })
export class Budget implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  scope!: string;
  @Field(() => String, { nullable: true })
  match!: string | null;
  @Field()
  period!: string;
  @Field(() => Micros)
  limitMicros!: string;
  @Field()
  hard!: boolean;
  @Field(() => Int)
  version!: number;
}
export const BudgetConnection = connectionOf(Budget);

@ObjectType({
  implements: () => [Node],
  description: 'Requests, tokens and concurrency per tenant, app, subject, role, team or endpoint key.',
})
export class LimitRule implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field()
  scope!: string;
  @Field(() => String, { nullable: true })
  match!: string | null;
  @Field(() => Int, { nullable: true })
  requestsPerMinute!: number | null;
  @Field(() => Int, { nullable: true })
  tokensPerMinute!: number | null;
  @Field(() => Int, { nullable: true })
  concurrency!: number | null;
  @Field(() => Int)
  version!: number;
}
export const LimitRuleConnection = connectionOf(LimitRule);

@ObjectType({ implements: () => [Node], description: 'What a million tokens cost. An unpriced model is refused.' })
export class Price implements Node {
  @Field(() => ID)
  id!: string;
  @Field(() => String, {
    nullable: true,
    description: 'The endpoint, by its name; absent for every endpoint that serves the model.',
  })
  endpoint!: string | null;
  @Field()
  model!: string;
  @Field(() => Micros)
  inputMicrosPerMillion!: string;
  @Field(() => Micros)
  outputMicrosPerMillion!: string;
  @Field(() => Micros, { nullable: true, description: 'Of the input, what the provider read from its cache.' })
  cacheReadMicrosPerMillion!: string | null;
  @Field(() => Micros, { nullable: true, description: 'Of the input, what the provider wrote to its cache.' })
  cacheWriteMicrosPerMillion!: string | null;
  @Field(() => Micros, { nullable: true, description: 'Of the output, what was thinking.' })
  reasoningMicrosPerMillion!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'From when it holds; null for since ever.' })
  validFrom!: string | null;
  @Field(() => Int)
  version!: number;
}
export const PriceConnection = connectionOf(Price);

@InputType()
export class CreateBudgetInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({ defaultValue: 'tenant', description: 'tenant, app, subject, role or team.' })
  scope!: string;
  @Field(() => String, {
    nullable: true,
    description:
      'The role, app or team it is for; absent means each one separately. A team is a group of your directory.',
  })
  match?: string;
  @Field({ defaultValue: 'month', description: 'day, month or total.' })
  period!: string;
  @Field(() => Micros)
  limitMicros!: string;
  @Field({ defaultValue: true })
  hard!: boolean;
}

@InputType()
export class UpdateBudgetInput extends ChangeInput {
  @Field(() => ID)
  id!: string;
  @Field(() => Int)
  expectedVersion!: number;
  @Field(() => Micros)
  limitMicros!: string;
  @Field()
  hard!: boolean;
}

@InputType()
export class CreateLimitRuleInput extends ChangeInput {
  @Field()
  name!: string;
  @Field({ defaultValue: 'subject', description: 'tenant, app, subject, role, team or endpoint-key.' })
  scope!: string;
  @Field(() => String, { nullable: true })
  match?: string;
  @Field(() => Int, { nullable: true })
  requestsPerMinute?: number;
  @Field(() => Int, { nullable: true })
  tokensPerMinute?: number;
  @Field(() => Int, { nullable: true })
  concurrency?: number;
}

@InputType()
export class RemoveBudgetInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@InputType()
export class UpdateLimitRuleInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field(() => Int, { nullable: true, description: 'Absent for no such limit, as when it was created.' })
  requestsPerMinute?: number;
  @Field(() => Int, { nullable: true })
  tokensPerMinute?: number;
  @Field(() => Int, { nullable: true })
  concurrency?: number;
}

@InputType()
export class RemoveLimitRuleInput extends UpdateInput {
  @Field(() => ID)
  id!: string;
  @Field()
  reason!: string;
}

@InputType()
export class SetPriceInput extends ChangeInput {
  @Field(() => String, { nullable: true, description: 'The endpoint, by its name; absent for all.' })
  endpoint?: string;
  @Field()
  model!: string;
  @Field(() => Micros)
  inputMicrosPerMillion!: string;
  @Field(() => Micros)
  outputMicrosPerMillion!: string;
  @Field(() => Micros, { nullable: true, description: 'As the rest of the input when absent.' })
  cacheReadMicrosPerMillion?: string;
  @Field(() => Micros, { nullable: true, description: 'As the rest of the input when absent.' })
  cacheWriteMicrosPerMillion?: string;
  @Field(() => Micros, { nullable: true, description: 'As the rest of the output when absent.' })
  reasoningMicrosPerMillion?: string;
  @Field(() => DateTime, { nullable: true, description: 'From when it holds; since ever when absent.' })
  validFrom?: string;
  @Field(() => Int, { nullable: true, description: 'Absent for a new price.' })
  expectedVersion?: number;
}

@InputType()
export class TreatUnpricedModelsInput extends ChangeInput {
  @Field({ description: 'refuse or dearest.' })
  treatAs!: string;
}

export const CreateBudgetPayload = payloadOf('CreateBudgetPayload', { budget: () => Budget });
export const UpdateBudgetPayload = payloadOf('UpdateBudgetPayload', { budget: () => Budget });
export const CreateLimitRulePayload = payloadOf('CreateLimitRulePayload', { limitRule: () => LimitRule });
export const RemoveBudgetPayload = payloadOf('RemoveBudgetPayload', { budget: () => Budget });
export const UpdateLimitRulePayload = payloadOf('UpdateLimitRulePayload', { limitRule: () => LimitRule });
export const RemoveLimitRulePayload = payloadOf('RemoveLimitRulePayload', { limitRule: () => LimitRule });
export const SetPricePayload = payloadOf('SetPricePayload', { price: () => Price });
export const TreatUnpricedModelsPayload = payloadOf('TreatUnpricedModelsPayload', { treatAs: () => String });
