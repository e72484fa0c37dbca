import { Inject } from '@nestjs/common';
import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { AuditRecord } from '../schema/building-blocks.js';
import type { TenantApiSettings } from '../settings.js';
import { SETTINGS } from '../tokens.js';

@Resolver(() => AuditRecord)
export class AuditRecordResolver {
  constructor(@Inject(SETTINGS) private readonly settings: TenantApiSettings) {}

  @ResolveField(() => String)
  proofUrl(@Parent() { id }: AuditRecord): string {
    return new URL(`/proofs/${id}`, this.settings.publicUrl).href;
  }
}
