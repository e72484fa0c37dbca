import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * A sequencer that was killed may leave its transaction open on the server for a while, with locks on what it had taken. The next
 * one skipped those records and sequenced later ones before them, so that writers' chains stood in the tree out of order. It
 * waits for them now, and gives the turn up after two seconds: nothing is sequenced before what was committed earlier.
 */
export class TakingInOrder1763694000831 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(take);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const take = `
CREATE OR REPLACE FUNCTION ledger.take(_shard smallint, _limit int)
RETURNS TABLE (tenant_id uuid, origin text, record_id uuid, leaf bytea, writer text, writer_sequence bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  _tenants uuid[];
  _records uuid[];
  _tenant uuid;
BEGIN
  WITH taken AS (
    DELETE FROM ledger.pending p WHERE (p.shard, p.arrival) IN (
      SELECT q.shard, q.arrival FROM ledger.pending q WHERE q.shard = _shard
        AND NOT EXISTS (SELECT FROM ledger.integrity_hold h WHERE h.tenant_id = q.tenant_id)
      ORDER BY q.arrival LIMIT _limit FOR UPDATE)
    RETURNING p.arrival, p.tenant_id, p.record_id)
  SELECT array_agg(t.tenant_id ORDER BY t.arrival), array_agg(t.record_id ORDER BY t.arrival) INTO _tenants, _records FROM taken t;
  FOR _tenant IN SELECT DISTINCT t FROM unnest(_tenants) t ORDER BY t LOOP
    RETURN QUERY EXECUTE format('SELECT $1, l.origin, g.r, x.leaf, x.writer, x.writer_sequence
      FROM unnest($2, $3) WITH ORDINALITY g(t, r, n) JOIN ledger.log l ON l.tenant_id = $1
      LEFT JOIN %I.record x ON x.record_id = g.r WHERE g.t = $1 ORDER BY g.n', ledger.schema_of(_tenant))
      USING _tenant, _tenants, _records;
  END LOOP;
END $$;
`;
