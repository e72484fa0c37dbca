import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * While a gateway has little to do, every batch is one record. Such a record goes the same way with fewer statements: the same lock,
 * the same three questions, the same constraints, and the same careful way and words where something was there already.
 */
export class Alone1763694000880 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(insertAlone);
    await runner.query(append);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** One new record with its key, in one statement: no plan can be kept, since the schema is part of the text, and one costs less to plan than two. */
const insertAlone = `
CREATE FUNCTION ledger.insert_alone(_lane text, _sequence bigint, _tenant uuid, _record uuid, _request uuid, _kind text, _effect text,
  _keep text, _leaf bytea, _sealed bytea, _subject text, _wrapped bytea) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _into_record text := 'INSERT INTO %1$I.record (tenant_id, record_id, request_id, kind, effect, keep_class, writer, writer_sequence, leaf, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)';
BEGIN
  IF _subject IS NULL THEN
    EXECUTE format(_into_record, ledger.schema_of(_tenant))
      USING _tenant, _record, _request, _kind, _effect, _keep, _lane, _sequence, _leaf, _sealed;
  ELSE
    EXECUTE format('WITH key AS (INSERT INTO %1$I.record_key (tenant_id, record_id, subject_ref, wrapped) VALUES ($1, $2, $11, $12)) '
        || _into_record, ledger.schema_of(_tenant))
      USING _tenant, _record, _request, _kind, _effect, _keep, _lane, _sequence, _leaf, _sealed, _subject, _wrapped;
  END IF;
END $$;
`;

const append = `
CREATE OR REPLACE FUNCTION ledger.append(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[],
  _awaited boolean[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms'
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  _is_alone boolean := cardinality(_records) = 1 AND cardinality(_tenants) = 1;
  _writer text := split_part(_lanes[1], '/', 1);
  _tenant uuid;
  _places int[];
  _fresh uuid[];
  _conflicts text;
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  IF _is_alone THEN
    PERFORM pg_advisory_xact_lock_shared(ledger.writer_lock(_writer));
    IF NOT EXISTS (SELECT FROM ledger.writer w WHERE w.id = _writer AND w.state = 'active')
      OR EXISTS (SELECT FROM ledger.integrity_hold h WHERE h.tenant_id = _tenants[1])
      OR NOT EXISTS (SELECT FROM ledger.retention_class c WHERE c.keep_class = _keeps[1])
    THEN PERFORM ledger.refuse_culprits(_lanes, _tenants, _records, _keeps); END IF;
  ELSE
    PERFORM ledger.admit(_lanes, _tenants, _records, _keeps);
  END IF;
  BEGIN
    IF _is_alone THEN
      _tenant := _tenants[1];
      PERFORM ledger.insert_alone(_lanes[1], _sequences[1], _tenant, _records[1], _requests[1], _kinds[1], _effects[1], _keeps[1],
        _leaves[1], _sealed[1], _subjects[1], _wrapped[1]);
      INSERT INTO ledger.pending (shard, tenant_id, record_id, is_awaited)
      SELECT l.shard, _tenant, _records[1], _awaited[1] FROM ledger.log l WHERE l.tenant_id = _tenant;
      RETURN;
    END IF;
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
