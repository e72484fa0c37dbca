import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever sets a price says from when it holds; the rows that were there before hold since 1970. */
export class PriceDates1792000000301 implements MigrationInterface {
  readonly name = 'PriceDates1792000000301';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE control.price ALTER COLUMN valid_from DROP DEFAULT');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('a price that was used is never dropped; restore a backup instead'));
  }
}
