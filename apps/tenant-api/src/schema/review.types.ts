import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, connectionOf, payloadOf } from './building-blocks.js';

export enum ReviewState {
  PENDING = 'PENDING',
  CLEAR = 'CLEAR',
  CONFIRMED = 'CONFIRMED',
  FAILED = 'FAILED',
}
registerEnumType(ReviewState, {
  name: 'ReviewState',
  description: 'PENDING until somebody decides, CLEAR, CONFIRMED, or FAILED: the model gave no verdict and people may.',
});

@ObjectType({ description: 'A class with its score, per mille.' })
export class ReviewedClass {
  @Field()
  class!: string;
  @Field(() => Int)
  score!: number;
}

@ObjectType({ implements: () => [Node], description: 'A deeper look at one request, by a model or by people.' })
export class Review implements Node {
  @Field(() => ID)
  id!: string;
  @Field(() => ReviewState)
  state!: ReviewState;
  @Field(() => [ReviewedClass], { description: 'What the inline pass found, and what the policy asks about.' })
  asked!: ReviewedClass[];
  @Field(() => [ReviewedClass], { description: 'What the review found. It can only raise.' })
  verdict!: ReviewedClass[];
  @Field(() => String, { nullable: true, description: '`model`, or a digest of the person.' })
  decidedBy!: string | null;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field({ description: 'Two people must agree that it is clear.' })
  needsTwoPeople!: boolean;
  @Field({ description: 'One person said that it is clear; another must.' })
  firstPersonAgreed!: boolean;
  @Field({ description: 'Somebody is at it.' })
  isTaken!: boolean;
  @Field(() => DateTime)
  createdAt!: string;
  @Field(() => DateTime)
  expiresAt!: string;
}
export const ReviewConnection = connectionOf(Review);

@ObjectType({ description: 'How this tenant reviews.' })
export class ReviewSettings {
  @Field({ description: 'The alias or model that is asked; the policy must permit it for the role `reviewer`.' })
  model!: string;
  @Field(() => [String], {
    description: 'What every review looks for, beside what was found and what the policy names.',
  })
  classes!: string[];
  @Field(() => [String], { description: 'Classes of which two people must say that a request is clear.' })
  secondPersonClasses!: string[];
  @Field(() => Int)
  version!: number;
}

@InputType()
export class SetReviewInput extends ChangeInput {
  @Field()
  model!: string;
  @Field(() => [String], { defaultValue: ['PHI', 'PII', 'PCI', 'SECRET'] })
  classes!: string[];
  @Field(() => [String], { defaultValue: [] })
  secondPersonClasses!: string[];
  @Field(() => Int, { description: 'The version this change was made from; 0 when there are no settings yet.' })
  expectedVersion!: number;
}
export const SetReviewPayload = payloadOf('SetReviewPayload', { settings: () => ReviewSettings });

@InputType()
export class TakeReviewInput extends ChangeInput {
  @Field(() => ID)
  reviewId!: string;
}
export const TakeReviewPayload = payloadOf('TakeReviewPayload', {
  review: () => Review,
  text: () => String,
});

@InputType()
export class DecideReviewInput extends ChangeInput {
  @Field(() => ID)
  reviewId!: string;
  @Field({ description: 'True: what was asked about is there. False: it is clear.' })
  confirmed!: boolean;
  @Field({ description: 'Why; it stands in the log.' })
  reason!: string;
}
export const DecideReviewPayload = payloadOf('DecideReviewPayload', { review: () => Review });
