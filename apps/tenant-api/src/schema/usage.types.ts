import { ArgsType, Field, Float, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, Micros, payloadOf } from './building-blocks.js';

@ArgsType()
export class UsageArgs {
  @Field({ description: 'The first day, in UTC, as YYYY-MM-DD.' })
  from!: string;
  @Field({ description: 'The last day, in UTC, as YYYY-MM-DD; included.' })
  to!: string;
  @Field(() => [String], {
    defaultValue: ['model'],
    description: 'Any of day, group, app, model and endpoint; empty for one sum over everything.',
  })
  groupBy!: string[];
}

@ObjectType({ description: 'What was used under the names that are not null. Tokens are those of answered requests.' })
export class UsageSum {
  @Field(() => String, { nullable: true })
  day!: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The department, or else the groups of the subject, as one name.',
  })
  group!: string | null;
  @Field(() => String, { nullable: true })
  app!: string | null;
  @Field(() => String, { nullable: true })
  model!: string | null;
  @Field(() => String, { nullable: true })
  endpoint!: string | null;
  @Field(() => Float)
  requests!: number;
  @Field(() => Float, { description: 'Of the requests, those that were denied.' })
  denied!: number;
  @Field(() => Float, { description: 'Of the requests, those that were permitted and not answered to the end.' })
  failed!: number;
  @Field(() => Float, { description: 'Without those from and to the cache.' })
  inputTokens!: number;
  @Field(() => Float, { description: 'Without those of thinking.' })
  outputTokens!: number;
  @Field(() => Float)
  cacheReadTokens!: number;
  @Field(() => Float)
  cacheWriteTokens!: number;
  @Field(() => Float)
  reasoningTokens!: number;
  @Field(() => Float, { description: 'Of all tokens, those that no provider counted: an upper bound of ours.' })
  estimatedTokens!: number;
  @Field({ description: 'Micro-units, corrections included; may be negative.' })
  costMicros!: string;
}

@ObjectType({ description: 'Summed up from the records of the ledger, each request once.' })
export class UsageReport {
  @Field(() => String, {
    nullable: true,
    description: 'When the records were last summed up; what ended later is not in it yet.',
  })
  settledAt!: string | null;
  @Field({ description: 'True when there were more sums than are given, which are the dearest.' })
  isCut!: boolean;
  @Field(() => [UsageSum])
  sums!: UsageSum[];
}

@ObjectType({ description: 'One budget in its present day or month, for one holder.' })
export class BudgetState {
  @Field()
  budget!: string;
  @Field()
  scope!: string;
  @Field(() => String, { nullable: true, description: 'The app, role or team; a subject is not named.' })
  holder!: string | null;
  @Field()
  period!: string;
  @Field()
  periodStart!: string;
  @Field()
  hard!: boolean;
  @Field(() => Micros)
  limitMicros!: string;
  @Field(() => Micros)
  spentMicros!: string;
  @Field(() => Micros, { description: 'Held by gateways, and given back as far as it is not spent.' })
  leasedMicros!: string;
  @Field(() => Micros, { description: 'Of what is spent, what no gateway reported: slices of processes that died.' })
  writtenOffMicros!: string;
  @Field(() => [Int], { description: 'Of 50, 80 and 100 percent, those that were passed and told.' })
  thresholds!: number[];
}

export enum UsageFormat {
  CSV = 'CSV',
  PARQUET = 'PARQUET',
}
registerEnumType(UsageFormat, { name: 'UsageFormat' });

@ArgsType()
export class UsageFileArgs {
  @Field({ description: 'The first day, in UTC, as YYYY-MM-DD.' })
  from!: string;
  @Field({ description: 'The last day, in UTC, as YYYY-MM-DD; included.' })
  to!: string;
  @Field(() => UsageFormat, { defaultValue: UsageFormat.CSV })
  format!: UsageFormat;
}

@ObjectType({ description: 'Usage by FOCUS 1.2, the open cost and usage specification of the FinOps Foundation.' })
export class UsageFile {
  @Field()
  name!: string;
  @Field()
  mediaType!: string;
  @Field(() => Int)
  rows!: number;
  @Field({ description: 'SHA-256 of the file, hex.' })
  sha256!: string;
  @Field({ description: 'The file, base64.' })
  content!: string;
}

@InputType()
export class CorrectUsageInput extends ChangeInput {
  @Field({ description: 'The day it belongs to, in UTC, as YYYY-MM-DD.' })
  day!: string;
  @Field({ description: 'Micro-units to add; negative to take away.' })
  costMicros!: string;
  @Field()
  reason!: string;
  @Field({ defaultValue: '' })
  group!: string;
  @Field({ defaultValue: '' })
  app!: string;
  @Field({ defaultValue: '' })
  model!: string;
  @Field({ defaultValue: '' })
  endpoint!: string;
}

export const CorrectUsagePayload = payloadOf('CorrectUsagePayload', {});
