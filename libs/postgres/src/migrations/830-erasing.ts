import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * An erasure looked at the first keys of a subject alone: where a hold covered that many, the keys behind them waited for its
 * release. It goes on from key to key now, so that a hold spares what it covers and nothing else.
 */
export class Erasing1763694000830 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(eraseFrom);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** One window of the subject's keys behind `_after`, in the order of their records; answers where to go on, or null at the end. */
const eraseFrom = `
DROP FUNCTION ledger.erase_subject(uuid, uuid, int);
CREATE FUNCTION ledger.erase_subject(_tenant uuid, _order uuid, _after uuid, _limit int) RETURNS TABLE (erased int, spared int, next uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _subject text := ledger.order_fields(_tenant, _order, 'erasure.executed')->>'subject_ref';
  _keys uuid[];
  _victims uuid[];
BEGIN
  IF _limit NOT BETWEEN 1 AND 10000 THEN RAISE EXCEPTION 'one call erases 1 to 10000 keys'; END IF;
  IF _subject IS NULL THEN RAISE EXCEPTION 'the order names no subject' USING ERRCODE = 'WL006'; END IF;
  EXECUTE format('SELECT coalesce(array_agg(k.record_id ORDER BY k.record_id), ''{}'') FROM (
    SELECT record_id FROM %I.record_key WHERE subject_ref = $1 AND record_id > $2 ORDER BY record_id LIMIT $3) k', _schema)
    INTO _keys USING _subject, _after, _limit;
  -- A key whose record has no place in the tree yet is spared: a hold may come to cover it.
  EXECUTE format('SELECT coalesce(array_agg(k.id), ''{}'') FROM unnest($1) k(id)
    CROSS JOIN LATERAL (SELECT coalesce(bool_or(ledger.is_held($2, b.first_idx + array_position(b.record_ids, k.id) - 1)), true) AS held
      FROM %1$I.batch b WHERE b.seq_ts > uuid_extract_timestamp(k.id) - interval ''10 minutes'' AND k.id = ANY (b.record_ids)) i
    WHERE NOT i.held', _schema)
    INTO _victims USING _keys, _tenant;
  EXECUTE format('DELETE FROM %I.record_key WHERE record_id = ANY ($1)', _schema) USING _victims;
  RETURN QUERY SELECT cardinality(_victims), cardinality(_keys) - cardinality(_victims),
    CASE WHEN cardinality(_keys) = _limit THEN _keys[_limit] END;
END $$;
GRANT CREATE ON SCHEMA ledger TO writ_pruner;
REVOKE EXECUTE ON FUNCTION ledger.erase_subject(uuid, uuid, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.erase_subject(uuid, uuid, uuid, int) TO writ_retention;
ALTER FUNCTION ledger.erase_subject(uuid, uuid, uuid, int) OWNER TO writ_pruner;
REVOKE CREATE ON SCHEMA ledger FROM writ_pruner;
`;
