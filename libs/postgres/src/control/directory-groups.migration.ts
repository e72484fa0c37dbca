import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';
import { makeTenantTable } from './tenant-table.js';

/** Groups that an identity provider announces by SCIM, who is in them, and the roles that a tenant gives to them. */
export class DirectoryGroups1792000000200 implements MigrationInterface {
  readonly name = 'DirectoryGroups1792000000200';

  async up(runner: QueryRunner): Promise<void> {
    await makeTenantTable(
      runner,
      'directory_group',
      `name text NOT NULL, identity_provider_id uuid NOT NULL REFERENCES control.identity_provider, external_id text,
       roles jsonb NOT NULL, UNIQUE (tenant_id, identity_provider_id, name)`,
    );
    await makeTenantTable(
      runner,
      'directory_membership',
      `group_id uuid NOT NULL REFERENCES control.directory_group ON DELETE CASCADE,
       member_id uuid NOT NULL REFERENCES control.member ON DELETE CASCADE, UNIQUE (tenant_id, group_id, member_id)`,
    );
    await runner.query('CREATE INDEX directory_membership_member ON control.directory_membership (member_id)');
  }

  down(): Promise<void> {
    return neverDown();
  }
}
