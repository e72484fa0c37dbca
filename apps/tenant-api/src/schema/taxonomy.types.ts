import { Field, InputType, Int, ObjectType } from '@nestjs/graphql';
import { UpdateInput, payloadOf } from './building-blocks.js';

@ObjectType({ description: 'A word of the tenant that means a class, such as a project name that is INTERNAL.' })
export class Term {
  @Field()
  class!: string;
  @Field()
  term!: string;
}

@ObjectType({ description: 'A pattern of the tenant, matched in linear time.' })
export class Pattern {
  @Field()
  class!: string;
  @Field()
  name!: string;
  @Field()
  pattern!: string;
}

@ObjectType({ description: 'From which score, per mille, a class or type counts.' })
export class Threshold {
  @Field()
  of!: string;
  @Field(() => Int)
  atLeast!: number;
}

@ObjectType({ description: 'What the tenant adds to the built-in taxonomy.' })
export class Taxonomy {
  @Field(() => [Term])
  terms!: Term[];
  @Field(() => [Pattern])
  patterns!: Pattern[];
  @Field(() => [Threshold])
  thresholds!: Threshold[];
  @Field(() => Int, { description: '0 before the first was set.' })
  version!: number;
}

@InputType()
export class TermInput {
  @Field()
  class!: string;
  @Field()
  term!: string;
}

@InputType()
export class PatternInput {
  @Field()
  class!: string;
  @Field()
  name!: string;
  @Field()
  pattern!: string;
}

@InputType()
export class ThresholdInput {
  @Field()
  of!: string;
  @Field(() => Int)
  atLeast!: number;
}

@InputType()
export class UpsertTaxonomyInput extends UpdateInput {
  @Field(() => [TermInput], { defaultValue: [] })
  terms!: TermInput[];
  @Field(() => [PatternInput], { defaultValue: [] })
  patterns!: PatternInput[];
  @Field(() => [ThresholdInput], { defaultValue: [] })
  thresholds!: ThresholdInput[];
}

export const UpsertTaxonomyPayload = payloadOf('UpsertTaxonomyPayload', { taxonomy: () => Taxonomy });
