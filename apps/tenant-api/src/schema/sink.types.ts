import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ChangeInput, DateTime, Node, payloadOf } from './building-blocks.js';

export enum SinkKind {
  WEBHOOK = 'WEBHOOK',
  SIEM_WEBHOOK = 'SIEM_WEBHOOK',
  SIEM_S3 = 'SIEM_S3',
}
registerEnumType(SinkKind, {
  name: 'SinkKind',
  description: 'WEBHOOK gets notices; the others get every record of the log as an OCSF 1.9 event.',
});

@ObjectType({
  implements: () => [Node],
  description: 'Where this tenant has notices or events delivered, at least once each.',
})
export class Sink implements Node {
  @Field(() => ID)
  id!: string;
  @Field()
  name!: string;
  @Field(() => SinkKind)
  kind!: SinkKind;
  @Field()
  url!: string;
  @Field(() => Int, { description: 'Events: index of the next record. What is below it was taken by the receiver.' })
  cursor!: number;
  @Field(() => Int, { description: 'Number of the newest delivery; the receiver sees 1, 2, 3 … without a gap.' })
  sequence!: number;
  @Field(() => DateTime, { nullable: true })
  deliveredAt!: string | null;
  @Field(() => String, { nullable: true, description: 'Why the newest try failed; null when it did not.' })
  failure!: string | null;
  @Field(() => Int)
  version!: number;
}

@InputType()
export class CreateSinkInput extends ChangeInput {
  @Field()
  name!: string;
  @Field(() => SinkKind)
  kind!: SinkKind;
  @Field({ description: 'The receiver, or the address of the object store.' })
  url!: string;
  @Field(() => String, { nullable: true })
  bucket?: string;
  @Field(() => String, { nullable: true })
  region?: string;
  @Field(() => String, { nullable: true })
  prefix?: string;
  @Field(() => String, { nullable: true })
  accessKeyId?: string;
  @Field(() => String, { nullable: true })
  secretAccessKey?: string;
}
const signingKey = { signingKey: () => String };
export const CreateSinkPayload = payloadOf('CreateSinkPayload', { sink: () => Sink, ...signingKey });

@InputType()
export class CreateWebhookInput extends ChangeInput {
  @Field()
  name!: string;
  @Field()
  url!: string;
}
export const CreateWebhookPayload = payloadOf('CreateWebhookPayload', { sink: () => Sink, ...signingKey });

@InputType()
export class TestSinkInput extends ChangeInput {
  @Field(() => ID)
  sinkId!: string;
}
export const TestSinkPayload = payloadOf('TestSinkPayload', { sink: () => Sink });

@InputType()
export class RotateSigningKeyInput extends ChangeInput {
  @Field(() => ID)
  sinkId!: string;
}
export const RotateSigningKeyPayload = payloadOf('RotateSigningKeyPayload', { sink: () => Sink, ...signingKey });

@InputType()
export class RemoveSinkInput extends ChangeInput {
  @Field(() => ID)
  sinkId!: string;
  @Field()
  reason!: string;
}
export const RemoveSinkPayload = payloadOf('RemoveSinkPayload', { sink: () => Sink });
