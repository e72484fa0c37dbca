import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { DateTime, UpdateInput, payloadOf } from './building-blocks.js';
import { AmendTaxonomyInput, Pattern, Term, Threshold } from './taxonomy.types.js';

@ObjectType({
  description:
    'A candidate taxonomy beside the live one. Gateways read some requests by it, too, and record what differs; it never acts.',
})
export class TaxonomyTrial {
  @Field({ description: 'Names the candidate in the records; the same candidate has the same version.' })
  candidate!: string;
  @Field(() => Int, { description: 'Of the requests, how many of a thousand are read by it.' })
  perMille!: number;
  @Field(() => [Term], { description: 'The first thousand of the candidate.' })
  terms!: Term[];
  @Field(() => Int)
  termCount!: number;
  @Field(() => [Pattern])
  patterns!: Pattern[];
  @Field(() => [Threshold])
  thresholds!: Threshold[];
  @Field(() => DateTime)
  begunAt!: string;
  @Field(() => Int)
  version!: number;
}

@InputType({
  description:
    'The live taxonomy as it stands now with these changes, or nothing but them. `expectedVersion` is that of the trial, 0 for none.',
})
export class TryTaxonomyInput extends AmendTaxonomyInput {
  @Field(() => Int, { defaultValue: 1_000, description: 'Of the requests, how many of a thousand: 1 to 1000.' })
  perMille!: number;
  @Field({ defaultValue: false, description: 'True: the candidate begins with nothing of the live taxonomy.' })
  startEmpty!: boolean;
}

@InputType()
export class WithdrawTaxonomyTrialInput extends UpdateInput {}

export const TryTaxonomyPayload = payloadOf('TryTaxonomyPayload', { trial: () => TaxonomyTrial });
export const WithdrawTaxonomyTrialPayload = payloadOf('WithdrawTaxonomyTrialPayload', { trial: () => TaxonomyTrial });

@ObjectType({ description: 'So many findings of one class.' })
export class ClassCount {
  @Field()
  class!: string;
  @Field(() => Int)
  count!: number;
}

@ObjectType({ description: 'What the taxonomy on trial made of one request; it decided nothing.' })
export class ShadowTaxonomy {
  @Field({ description: 'The candidate that was tried.' })
  candidate!: string;
  @Field({
    description:
      'read; or why there is nothing to compare: busy (dropped), late, damaged (the candidate does not load), failed.',
  })
  state!: string;
  @Field(() => [String], { description: 'Classes that only the candidate found.' })
  gained!: string[];
  @Field(() => [String], { description: 'Classes that only the live taxonomy found.' })
  gone!: string[];
  @Field(() => [ClassCount], { description: 'Findings that only the candidate has, of the first 32 classes by name.' })
  added!: ClassCount[];
  @Field(() => [ClassCount], { description: 'The same that only the live taxonomy has.' })
  removed!: ClassCount[];
  @Field(() => String, { nullable: true, description: 'What the policy in force would have decided by it.' })
  effect!: string | null;
  @Field(() => [String], { description: 'How that differs from what was decided.' })
  changes!: string[];
}

@ObjectType({ description: 'What the trial would have changed for one class.' })
export class TriedClass {
  @Field()
  class!: string;
  @Field(() => Int, { description: 'Requests in which only the candidate found it.' })
  requestsGained!: number;
  @Field(() => Int, { description: 'Requests in which only the live taxonomy found it.' })
  requestsGone!: number;
  @Field(() => Int, { description: 'Findings that only the candidate has.' })
  findingsAdded!: number;
  @Field(() => Int)
  findingsRemoved!: number;
  @Field(() => [ID], { description: 'The newest decisions in which it differs, ten at most.' })
  examples!: string[];
}

@ObjectType({ description: 'So many requests that were not compared, and why.' })
export class NotCompared {
  @Field({ description: 'busy, late, damaged or failed.' })
  state!: string;
  @Field(() => Int)
  count!: number;
}

@ObjectType({ description: 'What a candidate would have changed over recorded requests, newest first.' })
export class TaxonomyTrialReport {
  @Field()
  candidate!: string;
  @Field(() => Int, { description: 'Requests that both taxonomies read.' })
  compared!: number;
  @Field(() => Int, { description: 'Of these, how many they read differently.' })
  differing!: number;
  @Field(() => Int, { description: 'Of these, how many the policy in force would have decided otherwise.' })
  decidedOtherwise!: number;
  @Field(() => [NotCompared])
  notCompared!: NotCompared[];
  @Field(() => [TriedClass], { description: 'The most often differing first.' })
  classes!: TriedClass[];
  @Field({ description: 'False: there are more requests than one answer searches; ask again with `searchedTo`.' })
  complete!: boolean;
  @Field(() => ID, { nullable: true })
  searchedTo!: string | null;
}
