import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** What the sequencer may do: take what is pending, read the stored bytes, insert tree batches and epochs, stop a log. */
export class Sequencing1763694000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(take);
    await runner.query(heads);
    await runner.query(put);
    await runner.query(epochs);
    await runner.query(integrity);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/**
 * The rows come back if the transaction does not commit. A pending record that is not there is answered with a null leaf:
 * somebody removed what was committed.
 */
const take = `
CREATE FUNCTION ledger.take(_shard smallint, _limit int)
RETURNS TABLE (tenant_id uuid, origin text, record_id uuid, leaf bytea, writer text, writer_sequence bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
      ORDER BY q.arrival LIMIT _limit FOR UPDATE SKIP LOCKED)
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

/** The newest batch of each log. A log that has none is not answered. */
const heads = `
CREATE FUNCTION ledger.heads(_tenants uuid[])
RETURNS TABLE (tenant_id uuid, origin text, slot int, first_idx bigint, size_after bigint, leaf_hashes bytea, frontier bytea,
  root bytea, note text, seq_ts timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE _tenant uuid;
BEGIN
  FOREACH _tenant IN ARRAY _tenants LOOP
    RETURN QUERY EXECUTE format('SELECT l.tenant_id, l.origin, l.slot, b.first_idx, b.size_after, b.leaf_hashes, b.frontier, b.root, b.note, b.seq_ts
      FROM ledger.log l CROSS JOIN LATERAL (SELECT * FROM %I.batch ORDER BY size_after DESC LIMIT 1) b WHERE l.tenant_id = $1',
      ledger.schema_of(_tenant)) USING _tenant;
  END LOOP;
END $$;


CREATE FUNCTION ledger.logs(_shard smallint) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.tenant_id FROM ledger.log l WHERE l.shard = _shard ORDER BY l.slot
$$;

CREATE FUNCTION ledger.root_at(_tenant uuid, _size bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _root bytea;
BEGIN
  IF NOT EXISTS (SELECT FROM ledger.log WHERE tenant_id = _tenant) THEN RETURN NULL; END IF;
  EXECUTE format('SELECT root FROM %I.batch WHERE size_after = $1', ledger.schema_of(_tenant)) INTO _root USING _size;
  RETURN _root;
END $$;
`;

/** Plain inserts: keys and foreign keys of the batch table refuse a fork and a gap, not this code. */
const put = `
CREATE FUNCTION ledger.put(_shard smallint, _tick bigint, _tenants uuid[], _first bigint[], _after bigint[], _hashes bytea[],
  _records text[], _frontiers bytea[], _roots bytea[], _notes text[], _times timestamptz[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _n int;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  FOR _n IN 1 .. cardinality(_tenants) LOOP
    EXECUTE format('INSERT INTO %I.batch (tenant_id, first_idx, size_after, leaf_hashes, record_ids, frontier, root, note, seq_ts, tick)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', ledger.schema_of(_tenants[_n]))
      USING _tenants[_n], _first[_n], _after[_n], _hashes[_n], _records[_n]::uuid[], _frontiers[_n], _roots[_n], _notes[_n], _times[_n], _tick;
  END LOOP;
  PERFORM pg_notify('ledger', _shard || ':' || _tick);
END $$;
`;

const epochs = `
CREATE FUNCTION ledger.put_epoch(_number bigint, _root bytea, _frontier bytea, _note text, _heads jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.epoch (number, root, frontier, note, heads) VALUES (_number, _root, _frontier, _note, _heads)
$$;

CREATE FUNCTION ledger.newest_epoch() RETURNS TABLE (number bigint, root bytea, frontier bytea, note text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT e.number, e.root, e.frontier, e.note FROM ledger.epoch e ORDER BY e.number DESC LIMIT 1
$$;
`;

/** Placed by machines, at once; released by people, through nothing in this file. */
const integrity = `
CREATE FUNCTION ledger.place_integrity_hold(_tenant uuid, _reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.integrity_hold (tenant_id, reason)
  SELECT tenant_id, _reason FROM ledger.log WHERE tenant_id = _tenant ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION ledger.integrity_holds() RETURNS TABLE (tenant_id uuid, reason text, placed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT h.tenant_id, h.reason, h.placed_at FROM ledger.integrity_hold h ORDER BY h.placed_at
$$;
`;

const grants = `
GRANT EXECUTE ON FUNCTION ledger.take(smallint, int), ledger.heads(uuid[]), ledger.logs(smallint), ledger.root_at(uuid, bigint),
  ledger.put(smallint, bigint, uuid[], bigint[], bigint[], bytea[], text[], bytea[], bytea[], text[], timestamptz[]),
  ledger.put_epoch(bigint, bytea, bytea, text, jsonb), ledger.newest_epoch(),
  ledger.place_integrity_hold(uuid, text), ledger.integrity_holds()
TO writ_sequencer;
GRANT EXECUTE ON FUNCTION ledger.place_integrity_hold(uuid, text) TO writ_worker;
`;
