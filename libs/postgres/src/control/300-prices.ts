import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prices get rates for cached and thinking tokens and a day from which they hold; tenants say what an unpriced model costs. */
export class Prices1792000000300 implements MigrationInterface {
  readonly name = 'Prices1792000000300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE control.price
      ADD COLUMN cache_read_micros_per_million numeric CHECK (cache_read_micros_per_million >= 0),
      ADD COLUMN cache_write_micros_per_million numeric CHECK (cache_write_micros_per_million >= 0),
      ADD COLUMN reasoning_micros_per_million numeric CHECK (reasoning_micros_per_million >= 0),
      ADD COLUMN valid_from timestamptz NOT NULL DEFAULT to_timestamp(0),
      DROP CONSTRAINT price_tenant_id_endpoint_model_key,
      ADD CONSTRAINT price_from UNIQUE (tenant_id, endpoint, model, valid_from)`);
    await runner.query(`ALTER TABLE control.tenant
      ADD COLUMN unpriced_models text NOT NULL DEFAULT 'refuse' CHECK (unpriced_models IN ('refuse', 'dearest'))`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('a price that was used is never dropped; restore a backup instead'));
  }
}
