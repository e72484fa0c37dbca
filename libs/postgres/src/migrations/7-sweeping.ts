import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** What the sweeper may do: declare silent writers lost, and read what ended writers left open. */
export class Sweeping1763694000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(writers);
    await runner.query(open);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** The lock is the one that appends share: once a writer is lost, none of its statements can still commit. */
const writers = `
CREATE FUNCTION ledger.lose_silent_writers(_silence interval) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _writer text;
BEGIN
  FOR _writer IN SELECT id FROM ledger.writer WHERE state = 'active' AND heartbeat_at < clock_timestamp() - _silence ORDER BY id LOOP
    PERFORM pg_advisory_xact_lock(ledger.writer_lock(_writer));
    UPDATE ledger.writer SET state = 'lost', ended_at = clock_timestamp()
      WHERE id = _writer AND state = 'active' AND heartbeat_at < clock_timestamp() - _silence;
    IF FOUND THEN RETURN NEXT _writer; END IF;
  END LOOP;
END $$;

CREATE FUNCTION ledger.writers_to_sweep() RETURNS TABLE (id text, state text, heartbeat_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.id, w.state, w.heartbeat_at FROM ledger.writer w WHERE w.state <> 'active' AND w.swept_at IS NULL ORDER BY w.ended_at
$$;

CREATE FUNCTION ledger.mark_swept(_writer text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE ledger.writer SET swept_at = clock_timestamp() WHERE id = _writer AND state <> 'active'
$$;
`;

/** Permits of an ended writer that no outcome of the same request follows, over all logs. Lanes are `<writer>/<lane>`. */
const open = `
CREATE FUNCTION ledger.open_permits(_writer text, _limit int)
RETURNS TABLE (tenant_id uuid, origin text, record_id uuid, request_id uuid, writer text, committed_at timestamptz,
  decision_leaf bytea, dispatch_leaves bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE _log ledger.log;
BEGIN
  FOR _log IN SELECT * FROM ledger.log ORDER BY slot LOOP
    RETURN QUERY EXECUTE format('SELECT $1, $2, d.record_id, d.request_id, d.writer, d.committed_at, sha256(''\\x00''::bytea || d.leaf),
        ARRAY(SELECT sha256(''\\x00''::bytea || p.leaf) FROM %1$I.record p
          WHERE p.request_id = d.request_id AND p.kind = ''dispatch'' ORDER BY p.record_id)
      FROM %1$I.record d WHERE d.effect = ''permit'' AND d.writer >= $3 || ''/'' AND d.writer < $3 || ''0''
        AND NOT EXISTS (SELECT FROM %1$I.record o WHERE o.request_id = d.request_id AND o.kind = ''outcome'')
      ORDER BY d.record_id LIMIT $4', ledger.schema_of(_log.tenant_id)) USING _log.tenant_id, _log.origin, _writer, _limit;
  END LOOP;
END $$;
`;

const grants = `
GRANT EXECUTE ON FUNCTION ledger.lose_silent_writers(interval), ledger.writers_to_sweep(), ledger.mark_swept(text), ledger.open_permits(text, int)
TO writ_worker;
`;
