import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** The whole of what a writer may do to the ledger: enrol, show that it lives, append, find, close. */
export class Intake1763694000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(writers);
    await runner.query(admit);
    await runner.query(insertOne);
    await runner.query(insertMany);
    await runner.query(append);
    await runner.query(find);
    await runner.query(look);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const writers = `
CREATE FUNCTION ledger.writer_lock(_writer text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hashtextextended('ledger.writer/' || _writer, 0);

CREATE FUNCTION ledger.enrol_writer(_id text, _kind text, _public_key text, _statement text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO ledger.writer (id, kind, public_key, statement) VALUES (_id, _kind, _public_key, _statement) ON CONFLICT DO NOTHING;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM ledger.writer w WHERE w.id = _id AND w.public_key = _public_key AND w.state = 'active')
  THEN RAISE EXCEPTION 'this writer id is taken or has ended' USING ERRCODE = 'WL001', DETAIL = ''; END IF;
END $$;

CREATE FUNCTION ledger.heartbeat(_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _state text;
BEGIN
  UPDATE ledger.writer SET heartbeat_at = clock_timestamp() WHERE id = _id AND state = 'active' RETURNING state INTO _state;
  IF NOT FOUND THEN SELECT state INTO _state FROM ledger.writer WHERE id = _id; END IF;
  RETURN coalesce(_state, 'unknown');
END $$;

CREATE FUNCTION ledger.close_writer(_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(ledger.writer_lock(_id));
  UPDATE ledger.writer SET state = 'closed', ended_at = clock_timestamp() WHERE id = _id AND state = 'active';
END $$;
`;

/**
 * Who may append, and to which logs. The shared lock orders this against the sweeper, which takes it alone before it
 * declares a writer lost: after that declaration no statement of the writer is still on its way to commit.
 */
const admit = `
CREATE FUNCTION ledger.admit(_lanes text[], _tenants uuid[], _records uuid[], _keeps text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _writer text;
  _strangers text;
  _held text;
  _unkept text;
BEGIN
  FOR _writer IN SELECT DISTINCT split_part(w, '/', 1) w FROM unnest(_lanes) w ORDER BY w LOOP
    PERFORM pg_advisory_xact_lock_shared(ledger.writer_lock(_writer));
  END LOOP;
  SELECT string_agg(g.r::text, ',') FILTER (WHERE w.id IS NULL), string_agg(g.r::text, ',') FILTER (WHERE h.tenant_id IS NOT NULL),
      string_agg(g.k, ',') FILTER (WHERE c.keep_class IS NULL)
    INTO _strangers, _held, _unkept
    FROM unnest(_lanes, _tenants, _records, _keeps) g(l, t, r, k)
    LEFT JOIN ledger.writer w ON w.id = split_part(g.l, '/', 1) AND w.state = 'active'
    LEFT JOIN ledger.integrity_hold h ON h.tenant_id = g.t
    LEFT JOIN ledger.retention_class c ON c.keep_class = g.k;
  IF _strangers IS NOT NULL THEN
    RAISE EXCEPTION 'the writer is not enrolled, closed or lost' USING ERRCODE = 'WL001', DETAIL = _strangers;
  ELSIF _held IS NOT NULL THEN
    RAISE EXCEPTION 'the log is on integrity hold' USING ERRCODE = 'WL002', DETAIL = _held;
  ELSIF _unkept IS NOT NULL THEN
    RAISE EXCEPTION 'there is no such retention class: %', _unkept USING ERRCODE = 'WL007';
  END IF;
END $$;
`;

/**
 * One record into one tenant's tables. True when it is new, false when it is there with the same bytes, null when it is
 * there with others. A plain VALUES costs a sixth of the set statement below to plan, and no plan can be kept: the
 * schema is part of the text.
 */
const insertOne = `
CREATE FUNCTION ledger.insert_one(_tenant uuid, _record uuid, _request uuid, _kind text, _effect text, _keep text, _lane text,
  _sequence bigint, _leaf bytea, _sealed bytea, _subject text, _wrapped bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _count int;
  _is_same boolean;
BEGIN
  EXECUTE format('INSERT INTO %I.record (tenant_id, record_id, request_id, kind, effect, keep_class, writer, writer_sequence, leaf, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING', _schema)
    USING _tenant, _record, _request, _kind, _effect, _keep, _lane, _sequence, _leaf, _sealed;
  GET DIAGNOSTICS _count = ROW_COUNT;
  IF _count = 1 THEN
    IF _subject IS NOT NULL THEN
      EXECUTE format('INSERT INTO %I.record_key (tenant_id, record_id, subject_ref, wrapped) VALUES ($1, $2, $3, $4)', _schema)
        USING _tenant, _record, _subject, _wrapped;
    END IF;
    RETURN true;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.record WHERE record_id = $1 AND leaf = $2)', _schema) INTO _is_same USING _record, _leaf;
  RETURN CASE WHEN _is_same THEN false END;
END $$;
`;

/** All records of one tenant in a batch. Answers which are new; those that are there with other bytes are in `conflicts`. */
const insertMany = `
CREATE FUNCTION ledger.insert_many(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[], _tenant uuid,
  OUT fresh uuid[], OUT conflicts text)
LANGUAGE plpgsql AS $$
DECLARE _schema text := ledger.schema_of(_tenant);
BEGIN
  EXECUTE format('WITH new AS (
      INSERT INTO %1$I.record (tenant_id, record_id, request_id, kind, effect, keep_class, writer, writer_sequence, leaf, sealed)
      SELECT t, r, q, k, e, p, w, n, l, s FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) g(w, n, t, r, q, k, e, p, l, s)
      WHERE t = $13 ON CONFLICT DO NOTHING RETURNING record_id
    ), keys AS (
      INSERT INTO %1$I.record_key (tenant_id, record_id, subject_ref, wrapped)
      SELECT t, r, b, c FROM unnest($3, $4, $11, $12) g(t, r, b, c) JOIN new ON new.record_id = r
      WHERE t = $13 AND b IS NOT NULL ON CONFLICT DO NOTHING)
    SELECT coalesce(array_agg(record_id), ''{}'') FROM new', _schema)
    INTO fresh USING _lanes, _sequences, _tenants, _records, _requests, _kinds, _effects, _keeps, _leaves, _sealed, _subjects, _wrapped, _tenant;
  IF cardinality(fresh) < (SELECT count(*) FROM unnest(_tenants) t WHERE t = _tenant) THEN
    EXECUTE format('SELECT string_agg(r::text, '','') FROM unnest($1, $2, $3) g(t, r, l)
      WHERE t = $4 AND NOT EXISTS (SELECT FROM %1$I.record x WHERE x.record_id = g.r AND x.leaf = g.l)', _schema)
      INTO conflicts USING _tenants, _records, _leaves, _tenant;
  END IF;
END $$;
`;

/**
 * One batch over many tenants, whole or not at all. A record that is there with the same bytes counts as appended; with
 * other bytes the batch is refused. Durability is forced for this transaction, whatever the session has set.
 */
const append = `
CREATE FUNCTION ledger.append(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  _tenant uuid;
  _places int[];
  _n int;
  _is_new boolean;
  _new uuid[];
  _fresh_tenants uuid[] := '{}';
  _fresh uuid[] := '{}';
  _differs text;
  _conflicts text;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM ledger.admit(_lanes, _tenants, _records, _keeps);
  BEGIN
    FOR _tenant, _places IN SELECT t, array_agg(n ORDER BY n) FROM unnest(_tenants) WITH ORDINALITY u(t, n) GROUP BY t ORDER BY t LOOP
      IF cardinality(_places) > 4 THEN
        SELECT m.fresh, m.conflicts INTO _new, _differs FROM ledger.insert_many(_lanes, _sequences, _tenants, _records, _requests,
          _kinds, _effects, _keeps, _leaves, _sealed, _subjects, _wrapped, _tenant) m;
        _fresh := _fresh || _new;
        _fresh_tenants := _fresh_tenants || array_fill(_tenant, ARRAY[cardinality(_new)]);
        _conflicts := concat_ws(',', _conflicts, _differs);
        CONTINUE;
      END IF;
      FOREACH _n IN ARRAY _places LOOP
        _is_new := ledger.insert_one(_tenant, _records[_n], _requests[_n], _kinds[_n], _effects[_n], _keeps[_n], _lanes[_n],
          _sequences[_n], _leaves[_n], _sealed[_n], _subjects[_n], _wrapped[_n]);
        IF _is_new THEN
          _fresh := _fresh || _records[_n];
          _fresh_tenants := _fresh_tenants || _tenant;
        ELSIF _is_new IS NULL THEN
          _conflicts := concat_ws(',', _conflicts, _records[_n]);
        END IF;
      END LOOP;
    END LOOP;
  EXCEPTION WHEN lock_not_available THEN
    -- One tenant's locked table must not hold up the others of the batch: it is named, and they go again without it.
    RAISE EXCEPTION 'the log is locked' USING ERRCODE = 'WL004',
      DETAIL = (SELECT string_agg(g.r::text, ',') FROM unnest(_tenants, _records) g(t, r) WHERE g.t = _tenant);
  END;
  IF _conflicts <> '' THEN
    RAISE EXCEPTION 'a record of this id has other bytes' USING ERRCODE = 'WL003', DETAIL = _conflicts;
  END IF;
  INSERT INTO ledger.pending (shard, tenant_id, record_id)
  SELECT l.shard, f.t, f.r FROM unnest(_fresh_tenants, _fresh) f(t, r)
  JOIN unnest(_tenants, _records) WITH ORDINALITY g(t, r, n) ON g.t = f.t AND g.r = f.r
  JOIN ledger.log l ON l.tenant_id = f.t ORDER BY g.n ON CONFLICT DO NOTHING;
END $$;
`;

/**
 * The RFC 6962 leaf hash of a committed record. Before it says that there is none, it waits until every statement that
 * these writers have under way has ended.
 */
const find = `
CREATE FUNCTION ledger.find(_tenant uuid, _record uuid, _writers text[]) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  _hash bytea;
  _writer text;
  _look text := format('SELECT sha256(''\\x00''::bytea || leaf) FROM %I.record WHERE record_id = $1', ledger.schema_of(_tenant));
BEGIN
  EXECUTE _look INTO _hash USING _record;
  IF _hash IS NOT NULL THEN RETURN _hash; END IF;
  FOR _writer IN SELECT DISTINCT w FROM unnest(_writers) w ORDER BY w LOOP
    PERFORM pg_advisory_xact_lock(ledger.writer_lock(_writer));
  END LOOP;
  EXECUTE _look INTO _hash USING _record;
  RETURN _hash;
END $$;
`;

/** What a writer needs to know of a log, and the tree batch that holds a record; record ids carry their time, which bounds the search. */
const look = `
CREATE FUNCTION ledger.origin_of(_tenant uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT origin FROM ledger.log WHERE tenant_id = _tenant
$$;

CREATE FUNCTION ledger.inclusion(_tenant uuid, _record uuid)
RETURNS TABLE (first_idx bigint, size_after bigint, leaf_hashes bytea, frontier bytea, note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT b.first_idx, b.size_after, b.leaf_hashes, b.frontier, b.note FROM %I.batch b
    WHERE b.seq_ts > uuid_extract_timestamp($1) - interval ''10 minutes'' AND $1 = ANY (b.record_ids) LIMIT 1',
    ledger.schema_of(_tenant)) USING _record;
END $$;
`;

const grants = `
GRANT EXECUTE ON FUNCTION
  ledger.append(text[], bigint[], uuid[], uuid[], uuid[], text[], text[], text[], bytea[], bytea[], text[], bytea[]),
  ledger.find(uuid, uuid, text[]), ledger.enrol_writer(text, text, text, text),
  ledger.heartbeat(text), ledger.close_writer(text), ledger.origin_of(uuid), ledger.inclusion(uuid, uuid)
TO writ_gateway, writ_tenant_api, writ_worker;
`;
