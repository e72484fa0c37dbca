import { Field, InputType, Int } from '@nestjs/graphql';
import { UpdateInput, payloadOf } from './building-blocks.js';
import { Tenant } from './tenant.types.js';

@InputType({ isAbstract: true })
abstract class ReasonedInput extends UpdateInput {
  @Field({ description: 'Why; it stands in the record.' })
  reason!: string;
}

@InputType()
export class SuspendTenantInput extends ReasonedInput {}

@InputType()
export class ResumeTenantInput extends ReasonedInput {}

@InputType()
export class RequestTenantDeletionInput extends ReasonedInput {
  @Field(() => Int, { defaultValue: 30, description: 'Days in which it can still be cancelled: 0 to 90.' })
  graceDays!: number;
}

@InputType()
export class CancelTenantDeletionInput extends ReasonedInput {}

@InputType()
export class CompleteTenantDeletionInput extends UpdateInput {}

export const SuspendTenantPayload = payloadOf('SuspendTenantPayload', { tenant: () => Tenant });
export const ResumeTenantPayload = payloadOf('ResumeTenantPayload', { tenant: () => Tenant });
export const RequestTenantDeletionPayload = payloadOf('RequestTenantDeletionPayload', { tenant: () => Tenant });
export const CancelTenantDeletionPayload = payloadOf('CancelTenantDeletionPayload', { tenant: () => Tenant });
export const CompleteTenantDeletionPayload = payloadOf('CompleteTenantDeletionPayload', {
  tenant: () => Tenant,
  certificate: () => String,
});
