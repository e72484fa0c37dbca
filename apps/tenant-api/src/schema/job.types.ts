import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, connectionOf, payloadOf } from './building-blocks.js';

export enum JobState {
  WAITING = 'WAITING',
  IN_FLIGHT = 'IN_FLIGHT',
  DEAD = 'DEAD',
}
registerEnumType(JobState, {
  name: 'JobState',
  description:
    'WAITING for its turn or its next try, IN_FLIGHT, or DEAD: given up until somebody retries or dismisses it.',
});

@ObjectType({ implements: () => [Node], description: 'Work that can wait. What is done is no longer listed.' })
export class Job implements Node {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'review, export, notify, deliver or upkeep.' })
  queue!: string;
  @Field(() => JobState)
  state!: JobState;
  @Field(() => Int, { description: 'How often it was begun.' })
  attempts!: number;
  @Field(() => DateTime)
  createdAt!: string;
  @Field(() => DateTime, { nullable: true, description: 'When it is tried next.' })
  dueAt!: string | null;
  @Field(() => String, { nullable: true, description: 'Why it failed last.' })
  failure!: string | null;
}
export const JobConnection = connectionOf(Job);

@InputType()
export class RetryJobInput extends ChangeInput {
  @Field(() => ID)
  jobId!: string;
}
export const RetryJobPayload = payloadOf('RetryJobPayload', { job: () => Job });

@InputType()
export class DismissJobInput extends ChangeInput {
  @Field(() => ID)
  jobId!: string;
  @Field({ description: 'Why nobody will do it; it stands in the log.' })
  reason!: string;
}
export const DismissJobPayload = payloadOf('DismissJobPayload', { job: () => Job });

@ObjectType({ description: 'The newest look at something outside that this tenant depends on.' })
export class UpkeepCheck {
  @Field({ description: 'domain or identity-provider.' })
  kind!: string;
  @Field()
  name!: string;
  @Field()
  ok!: boolean;
  @Field(() => Int, { description: 'Looks in a row that failed.' })
  failures!: number;
  @Field(() => String, { nullable: true })
  because!: string | null;
  @Field(() => DateTime)
  checkedAt!: string;
}
