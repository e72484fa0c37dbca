import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';
import { makeTenantTable } from './tenant-table.js';

/** A tenant's terms come in parts: a hundred thousand do not fit one request. */
export class TermUploads1792000000600 implements MigrationInterface {
  readonly name = 'TermUploads1792000000600';

  async up(runner: QueryRunner): Promise<void> {
    await makeTenantTable(
      runner,
      'term_upload',
      `term_class text NOT NULL, expected integer NOT NULL, state text NOT NULL, started_by text NOT NULL, parts jsonb NOT NULL,
       CHECK (state IN ('open', 'finished', 'abandoned')), CHECK (expected BETWEEN 1 AND 100000)`,
    );
    await makeTenantTable(
      runner,
      'term_upload_part',
      `upload_id uuid NOT NULL REFERENCES control.term_upload ON DELETE CASCADE, part integer NOT NULL,
       terms jsonb NOT NULL, UNIQUE (tenant_id, upload_id, part)`,
    );
  }

  down(): Promise<void> {
    return neverDown();
  }
}
