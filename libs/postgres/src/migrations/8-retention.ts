import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * The two ways by which anything leaves: records by a prune order that stands in the log itself, and the keys of a
 * subject's sealed values by an erasure order. Both spare what a legal hold covers. The functions run as `writ_pruner`,
 * a role nobody can log in as and the only one whose deletions the append-only trigger lets pass.
 */
export class Retention1763694000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(order);
    await runner.query(held);
    await runner.query(prune);
    await runner.query(erase);
    await runner.query(ownership);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** The clear fields of an order: an event of this name, committed and in the tree. The payload is the JWS's second part. */
const order = `
CREATE FUNCTION ledger.order_fields(_tenant uuid, _order uuid, _name text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _part text;
  _payload jsonb;
  _is_sequenced boolean;
BEGIN
  EXECUTE format('SELECT translate(split_part(convert_from(leaf, ''UTF8''), ''.'', 2), ''-_'', ''+/'') FROM %I.record
    WHERE record_id = $1 AND kind = ''event''', _schema) INTO _part USING _order;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.batch WHERE seq_ts > uuid_extract_timestamp($1) - interval ''10 minutes''
    AND $1 = ANY (record_ids))', _schema) INTO _is_sequenced USING _order;
  IF _part IS NULL OR NOT _is_sequenced THEN
    RAISE EXCEPTION 'the order is not in the log' USING ERRCODE = 'WL006';
  END IF;
  _payload := convert_from(decode(_part || repeat('=', (4 - length(_part) % 4) % 4), 'base64'), 'UTF8')::jsonb;
  IF _payload->>'name' IS DISTINCT FROM _name THEN
    RAISE EXCEPTION 'the record is no % order', _name USING ERRCODE = 'WL006';
  END IF;
  RETURN _payload->'fields';
END $$;
`;

const held = `
CREATE FUNCTION ledger.is_held(_tenant uuid, _idx bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE _held boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.hold h WHERE h.event = ''placed'' AND $1 >= h.from_idx AND $1 < h.to_idx
    AND NOT EXISTS (SELECT FROM %1$I.hold r WHERE r.hold_id = h.hold_id AND r.event = ''released''))',
    ledger.schema_of(_tenant)) INTO _held USING _idx;
  RETURN _held;
END $$;
`;

/**
 * One window of at most `_limit` indices of the order's range. Deletes what has outlived its retention class and is not
 * held; leaf hashes stay in the tree, so every proof still holds. Answers where to go on, or null at the end.
 */
const prune = `
CREATE FUNCTION ledger.prune(_tenant uuid, _order uuid, _after bigint, _limit int) RETURNS TABLE (pruned int, next bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _fields jsonb := ledger.order_fields(_tenant, _order, 'retention.prune');
  _from bigint := greatest((_fields->>'from')::bigint, _after);
  _to bigint := (_fields->>'to')::bigint;
  _end bigint;
  _victims uuid[];
BEGIN
  IF _limit NOT BETWEEN 1 AND 10000 THEN RAISE EXCEPTION 'a window holds 1 to 10000 records'; END IF;
  IF _from IS NULL OR _to IS NULL OR _from < 0 THEN RAISE EXCEPTION 'the order names no range' USING ERRCODE = 'WL006'; END IF;
  _end := least(_from + _limit, _to);
  EXECUTE format('SELECT coalesce(array_agg(x.record_id), ''{}'') FROM %1$I.batch b
      CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
      JOIN %1$I.record x ON x.record_id = u.id
      JOIN ledger.retention_class c ON c.keep_class = x.keep_class
    WHERE b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
      AND x.committed_at + c.keep < clock_timestamp() AND NOT ledger.is_held($3, b.first_idx + u.n - 1)', _schema)
    INTO _victims USING _from, _end, _tenant;
  EXECUTE format('DELETE FROM %I.record_key WHERE record_id = ANY ($1)', _schema) USING _victims;
  EXECUTE format('DELETE FROM %I.record WHERE record_id = ANY ($1)', _schema) USING _victims;
  RETURN QUERY SELECT cardinality(_victims), CASE WHEN _end < _to THEN _end END;
END $$;
`;

/** The order names the subject's handle; what remains afterwards is ciphertext without a key, and commitments without salts. */
const erase = `
CREATE FUNCTION ledger.erase_subject(_tenant uuid, _order uuid, _limit int) RETURNS TABLE (erased int, spared int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _subject text := ledger.order_fields(_tenant, _order, 'erasure.executed')->>'subject_ref';
  _victims uuid[];
  _held int;
BEGIN
  IF _limit NOT BETWEEN 1 AND 10000 THEN RAISE EXCEPTION 'one call erases 1 to 10000 keys'; END IF;
  IF _subject IS NULL THEN RAISE EXCEPTION 'the order names no subject' USING ERRCODE = 'WL006'; END IF;
  EXECUTE format('SELECT coalesce(array_agg(k.record_id) FILTER (WHERE NOT i.held), ''{}''), count(*) FILTER (WHERE i.held)
    FROM (SELECT record_id FROM %1$I.record_key WHERE subject_ref = $1 LIMIT $2) k
    CROSS JOIN LATERAL (SELECT coalesce(bool_or(ledger.is_held($3, b.first_idx + array_position(b.record_ids, k.record_id) - 1)), true) AS held
      FROM %1$I.batch b WHERE b.seq_ts > uuid_extract_timestamp(k.record_id) - interval ''10 minutes'' AND k.record_id = ANY (b.record_ids)) i', _schema)
    INTO _victims, _held USING _subject, _limit, _tenant;
  EXECUTE format('DELETE FROM %I.record_key WHERE record_id = ANY ($1)', _schema) USING _victims;
  RETURN QUERY SELECT cardinality(_victims), _held;
END $$;
`;

const ownership = `
GRANT CREATE, USAGE ON SCHEMA ledger TO writ_pruner;
GRANT SELECT ON ledger.retention_class TO writ_pruner;
GRANT EXECUTE ON FUNCTION ledger.schema_of(uuid), ledger.order_fields(uuid, uuid, text), ledger.is_held(uuid, bigint) TO writ_pruner;
GRANT EXECUTE ON FUNCTION ledger.prune(uuid, uuid, bigint, int), ledger.erase_subject(uuid, uuid, int) TO writ_retention;
ALTER FUNCTION ledger.prune(uuid, uuid, bigint, int) OWNER TO writ_pruner;
ALTER FUNCTION ledger.erase_subject(uuid, uuid, int) OWNER TO writ_pruner;
REVOKE CREATE ON SCHEMA ledger FROM writ_pruner;
`;
