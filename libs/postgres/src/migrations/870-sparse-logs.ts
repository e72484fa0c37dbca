import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * A thousand tenants with one record each: a tree batch for every record costs more than the record did. Where many logs wait, each
 * gathers for a moment before it is sequenced, unless somebody waits for a receipt; and what is read, written and looked up for a log
 * takes one short statement each. What refuses a fork or a gap is unchanged: the keys of the tenant's table.
 */
export class SparseLogs1763694000870 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(columns);
    await runner.query(append);
    await runner.query(appendAsBefore);
    await runner.query(takeDue);
    await runner.query(put);
    await runner.query(inclusions);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const columns = `
ALTER TABLE ledger.pending
  ADD COLUMN arrived_at timestamptz NOT NULL DEFAULT now(),
  -- Somebody waits for the receipt: its log is sequenced at once.
  ADD COLUMN is_awaited boolean NOT NULL DEFAULT false;
`;

/** As before, but that what waits for the sequencer says whether it is awaited, and that it too is inserted plainly first. */
const append = `
CREATE FUNCTION ledger.append(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[],
  _awaited boolean[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms'
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  _tenant uuid;
  _places int[];
  _fresh uuid[];
  _conflicts text;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM ledger.admit(_lanes, _tenants, _records, _keeps);
  BEGIN
    FOR _tenant, _places IN SELECT t, array_agg(n ORDER BY n) FROM unnest(_tenants) WITH ORDINALITY u(t, n) GROUP BY t ORDER BY t LOOP
      PERFORM ledger.insert_new(_lanes, _sequences, _records, _requests, _kinds, _effects, _keeps, _leaves, _sealed,
        _subjects, _wrapped, _tenant, _places);
    END LOOP;
    INSERT INTO ledger.pending (shard, tenant_id, record_id, is_awaited)
    SELECT l.shard, g.t, g.r, g.a FROM unnest(_tenants, _records, _awaited) WITH ORDINALITY g(t, r, a, n)
    JOIN ledger.log l ON l.tenant_id = g.t ORDER BY g.n;
    RETURN;
  EXCEPTION
    WHEN lock_not_available THEN
      -- One tenant's locked table must not hold up the others of the batch: it is named, and they go again without it.
      RAISE EXCEPTION 'the log is locked' USING ERRCODE = 'WL004',
        DETAIL = (SELECT string_agg(g.r::text, ',') FROM unnest(_tenants, _records) g(t, r) WHERE g.t = _tenant);
    WHEN unique_violation THEN
      SELECT m.fresh, m.conflicts INTO _fresh, _conflicts FROM ledger.insert_missing(_lanes, _sequences, _tenants, _records, _requests,
        _kinds, _effects, _keeps, _leaves, _sealed, _subjects, _wrapped) m;
  END;
  IF _conflicts <> '' THEN
    RAISE EXCEPTION 'a record of this id has other bytes' USING ERRCODE = 'WL003', DETAIL = _conflicts;
  END IF;
  INSERT INTO ledger.pending (shard, tenant_id, record_id, is_awaited)
  SELECT l.shard, g.t, g.r, g.a FROM unnest(_tenants, _records, _awaited) WITH ORDINALITY g(t, r, a, n)
  JOIN ledger.log l ON l.tenant_id = g.t WHERE g.r = ANY (_fresh) ORDER BY g.n ON CONFLICT DO NOTHING;
END $$;
`;

/** For processes of the release before, while they are replaced: nothing of theirs is gathered, since they cannot say who waits. */
const appendAsBefore = `
CREATE OR REPLACE FUNCTION ledger.append(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  PERFORM ledger.append(_lanes, _sequences, _tenants, _records, _requests, _kinds, _effects, _keeps, _leaves, _sealed, _subjects, _wrapped,
    array_fill(true, ARRAY[cardinality(_tenants)]));
END $$;
`;

/**
 * Which logs are due: one that is awaited, one that gathered long enough or much, and all of them while few wait. What is due is taken
 * whole, in the order of arrival, and what a dead sequencer holds is waited for, as before. A backlog is looked at from its oldest end.
 */
const takeDue = `
CREATE FUNCTION ledger.take_due(_shard smallint, _limit int, _gather_ms int, _few_logs int, _many_leaves int)
RETURNS TABLE (tenant_id uuid, origin text, record_id uuid, leaf bytea, writer text, writer_sequence bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE _records uuid[];
BEGIN
  FOR tenant_id, origin, _records IN
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
      RETURNING p.arrival, p.tenant_id, p.record_id)
    SELECT t.tenant_id, l.origin, array_agg(t.record_id ORDER BY t.arrival) FROM taken t JOIN ledger.log l ON l.tenant_id = t.tenant_id
    GROUP BY 1, 2 ORDER BY 1
  LOOP
    -- A record that is not there is answered with a null leaf: somebody removed what was committed.
    IF cardinality(_records) = 1 THEN
      record_id := _records[1];
      EXECUTE format('SELECT x.leaf, x.writer, x.writer_sequence FROM %I.record x WHERE x.record_id = $1', ledger.schema_of(tenant_id))
        INTO leaf, writer, writer_sequence USING record_id;
      RETURN NEXT;
    ELSE
      RETURN QUERY EXECUTE format('SELECT $1, $2, g.r, x.leaf, x.writer, x.writer_sequence
        FROM unnest($3) WITH ORDINALITY g(r, n) LEFT JOIN %I.record x ON x.record_id = g.r ORDER BY g.n', ledger.schema_of(tenant_id))
        USING tenant_id, origin, _records;
    END IF;
  END LOOP;
END $$;
`;

/** As before, with arrays that travel in binary form: the records' ids of all batches one after the other, times in ms of the epoch. */
const put = `
CREATE FUNCTION ledger.put_batches(_shard smallint, _tick bigint, _tenants uuid[], _first bigint[], _after bigint[], _hashes bytea[],
  _records uuid[], _frontiers bytea[], _roots bytea[], _notes text[], _times bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _n int;
  _from int := 1;
  _leaves int;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  FOR _n IN 1 .. cardinality(_tenants) LOOP
    _leaves := _after[_n] - greatest(_first[_n], 0);
    EXECUTE format('INSERT INTO %I.batch (tenant_id, first_idx, size_after, leaf_hashes, record_ids, frontier, root, note, seq_ts, tick)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', ledger.schema_of(_tenants[_n]))
      USING _tenants[_n], _first[_n], _after[_n], _hashes[_n], _records[_from : _from + _leaves - 1], _frontiers[_n], _roots[_n], _notes[_n],
        to_timestamp(_times[_n] / 1000.0), _tick;
    _from := _from + _leaves;
  END LOOP;
  PERFORM pg_notify('ledger', _shard || ':' || _tick);
END $$;
`;

/** The batches of many records, as \`inclusion\` tells that of one. What still waits is known by that; only the others are looked for. */
const inclusions = `
CREATE FUNCTION ledger.inclusions(_tenants uuid[], _records uuid[])
RETURNS TABLE (record_id uuid, first_idx bigint, size_after bigint, leaf_hashes bytea, frontier bytea, note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _tenant uuid;
  _sought uuid[];
BEGIN
  FOR _tenant, _sought IN
    SELECT g.t, array_agg(g.r) FROM unnest(_tenants, _records) g(t, r)
    WHERE NOT EXISTS (SELECT FROM ledger.pending p WHERE p.tenant_id = g.t AND p.record_id = g.r) GROUP BY 1
  LOOP
    RETURN QUERY EXECUTE format('SELECT s.r, b.first_idx, b.size_after, b.leaf_hashes, b.frontier, b.note FROM unnest($1) s(r)
      CROSS JOIN LATERAL (SELECT * FROM %I.batch b WHERE b.seq_ts > uuid_extract_timestamp(s.r) - interval ''10 minutes''
        AND s.r = ANY (b.record_ids) ORDER BY b.seq_ts DESC LIMIT 1) b', ledger.schema_of(_tenant)) USING _sought;
  END LOOP;
END $$;
`;

const grants = `
REVOKE ALL ON FUNCTION
  ledger.append(text[], bigint[], uuid[], uuid[], uuid[], text[], text[], text[], bytea[], bytea[], text[], bytea[], boolean[]),
  ledger.take_due(smallint, int, int, int, int), ledger.inclusions(uuid[], uuid[]),
  ledger.put_batches(smallint, bigint, uuid[], bigint[], bigint[], bytea[], uuid[], bytea[], bytea[], text[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  ledger.append(text[], bigint[], uuid[], uuid[], uuid[], text[], text[], text[], bytea[], bytea[], text[], bytea[], boolean[]),
  ledger.inclusions(uuid[], uuid[]) TO writ_gateway, writ_tenant_api, writ_worker;
GRANT EXECUTE ON FUNCTION ledger.take_due(smallint, int, int, int, int),
  ledger.put_batches(smallint, bigint, uuid[], bigint[], bigint[], bytea[], uuid[], bytea[], bytea[], text[], bigint[]) TO writ_sequencer;
`;
