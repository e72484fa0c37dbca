import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';
import { makeTenantTable } from './tenant-table.js';

/** One candidate taxonomy a tenant may be on trial beside the live one. */
export class TaxonomyTrial1792000000860 implements MigrationInterface {
  readonly name = 'TaxonomyTrial1792000000860';

  async up(runner: QueryRunner): Promise<void> {
    await makeTenantTable(
      runner,
      'taxonomy_trial',
      'source jsonb NOT NULL, per_mille integer NOT NULL, begun_by text NOT NULL, UNIQUE (tenant_id), CHECK (per_mille BETWEEN 1 AND 1000)',
    );
  }

  down(): Promise<void> {
    return neverDown();
  }
}
