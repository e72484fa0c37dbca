import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';
import { makeTenantTable } from './tenant-table.js';

/**
 * Who may break the glass, and with which passkeys. A tenant that armed it before has no row here: its codes alone open
 * nothing any more, until an owner arms it again.
 */
export class BreakGlass1792000000850 implements MigrationInterface {
  readonly name = 'BreakGlass1792000000850';

  async up(runner: QueryRunner): Promise<void> {
    await makeTenantTable(
      runner,
      'break_glass',
      `holder text NOT NULL, alarm_to jsonb NOT NULL, armed_at timestamptz, enrolment_hash text,
       enrolment_expires_at timestamptz, used_at timestamptz, noticed integer NOT NULL DEFAULT 0, noticed_since timestamptz,
       UNIQUE (tenant_id)`,
    );
    await makeTenantTable(
      runner,
      'break_glass_passkey',
      `credential_id text NOT NULL, public_key text NOT NULL, counter bigint NOT NULL, tries integer NOT NULL DEFAULT 0,
       tries_since timestamptz, UNIQUE (tenant_id, credential_id)`,
    );
  }

  down(): Promise<void> {
    return neverDown();
  }
}
