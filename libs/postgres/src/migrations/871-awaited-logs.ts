import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** As before, and tells of each log that was taken whether somebody waits for it: where nobody does, the next tick may gather longer. */
export class AwaitedLogs1763694000871 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(takeDue);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const takeDue = `
DROP FUNCTION ledger.take_due(smallint, int, int, int, int);
CREATE FUNCTION ledger.take_due(_shard smallint, _limit int, _gather_ms int, _few_logs int, _many_leaves int)
RETURNS TABLE (tenant_id uuid, origin text, record_id uuid, leaf bytea, writer text, writer_sequence bigint, is_awaited boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE _records uuid[];
BEGIN
  FOR tenant_id, origin, _records, is_awaited IN
    WITH oldest AS MATERIALIZED (
      SELECT p.arrival, p.tenant_id, p.arrived_at, p.is_awaited FROM ledger.pending p WHERE p.shard = _shard
        AND NOT EXISTS (SELECT FROM ledger.integrity_hold h WHERE h.tenant_id = p.tenant_id)
      ORDER BY p.arrival LIMIT 4 * _limit),
    waiting AS MATERIALIZED (
      SELECT o.tenant_id, count(*) AS leaves, min(o.arrived_at) AS since, bool_or(o.is_awaited) AS is_awaited FROM oldest o GROUP BY 1),
    due AS (
      SELECT w.tenant_id FROM waiting w WHERE w.is_awaited OR w.leaves >= _many_leaves
        OR w.since <= clock_timestamp() - make_interval(secs => _gather_ms / 1000.0)
        OR (SELECT count(*) FROM waiting) <= _few_logs),
    taken AS (
      DELETE FROM ledger.pending p WHERE (p.shard, p.arrival) IN (
        SELECT q.shard, q.arrival FROM ledger.pending q WHERE q.shard = _shard
          AND q.arrival = ANY (ARRAY(SELECT o.arrival FROM oldest o JOIN due d ON d.tenant_id = o.tenant_id ORDER BY o.arrival LIMIT _limit))
        ORDER BY q.arrival FOR UPDATE)
      RETURNING p.arrival, p.tenant_id, p.record_id, p.is_awaited)
    SELECT t.tenant_id, l.origin, array_agg(t.record_id ORDER BY t.arrival), bool_or(t.is_awaited)
    FROM taken t JOIN ledger.log l ON l.tenant_id = t.tenant_id
    GROUP BY 1, 2 ORDER BY 1
  LOOP
    -- A record that is not there is answered with a null leaf: somebody removed what was committed.
    IF cardinality(_records) = 1 THEN
      record_id := _records[1];
      EXECUTE format('SELECT x.leaf, x.writer, x.writer_sequence FROM %I.record x WHERE x.record_id = $1', ledger.schema_of(tenant_id))
        INTO leaf, writer, writer_sequence USING record_id;
      RETURN NEXT;
    ELSE
      RETURN QUERY EXECUTE format('SELECT $1, $2, g.r, x.leaf, x.writer, x.writer_sequence, $4
        FROM unnest($3) WITH ORDINALITY g(r, n) LEFT JOIN %I.record x ON x.record_id = g.r ORDER BY g.n', ledger.schema_of(tenant_id))
        USING tenant_id, origin, _records, is_awaited;
    END IF;
  END LOOP;
END $$;
`;

const grants = `
REVOKE ALL ON FUNCTION ledger.take_due(smallint, int, int, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.take_due(smallint, int, int, int, int) TO writ_sequencer;
`;
