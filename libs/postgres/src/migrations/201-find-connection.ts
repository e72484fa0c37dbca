import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** A connection by its id, for opaque tokens: they name no issuer, so they are sent behind the id of their connection. */
export class FindConnection1763694000201 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE FUNCTION control.find_connection(_id text) RETURNS TABLE (tenant_id uuid, body text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.tenant_id, d.body FROM control.directory_connection d WHERE d.connection = _id LIMIT 1
$$;
CREATE INDEX directory_connection_id ON control.directory_connection (connection);
GRANT EXECUTE ON FUNCTION control.find_connection(text) TO writ_gateway;`);
  }

  down(): Promise<void> {
    return neverDown();
  }
}
