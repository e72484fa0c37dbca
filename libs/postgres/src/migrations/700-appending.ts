import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * The same append, for the ordinary batch: every record is new, every writer good, no log held. It is inserted plainly,
 * tenant by tenant; only where something was there already does the batch go the careful way, which was the only one
 * before. What is refused, and with what words, is unchanged.
 */
export class Appending1763694000700 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(refuse);
    await runner.query(admit);
    await runner.query(insertNew);
    await runner.query(insertMissing);
    await runner.query(append);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** What `admit` did: names the culprits of a batch that must not be appended. Nothing happens when there are none. */
const refuse = `
ALTER FUNCTION ledger.admit(text[], uuid[], uuid[], text[]) RENAME TO refuse_culprits;
`;

/**
 * Who may append, and to which logs. Three short questions that end with the first exception; only then are the culprits
 * looked for. The shared lock orders this against the sweeper, as before.
 */
const admit = `
CREATE FUNCTION ledger.admit(_lanes text[], _tenants uuid[], _records uuid[], _keeps text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE _writer text;
BEGIN
  FOR _writer IN SELECT DISTINCT split_part(w, '/', 1) w FROM unnest(_lanes) w ORDER BY w LOOP
    PERFORM pg_advisory_xact_lock_shared(ledger.writer_lock(_writer));
  END LOOP;
  IF EXISTS (SELECT FROM (SELECT DISTINCT split_part(l, '/', 1) id FROM unnest(_lanes) l) g
      WHERE NOT EXISTS (SELECT FROM ledger.writer w WHERE w.id = g.id AND w.state = 'active'))
    OR EXISTS (SELECT FROM ledger.integrity_hold h WHERE h.tenant_id = ANY (_tenants))
    OR EXISTS (SELECT FROM (SELECT DISTINCT k FROM unnest(_keeps) k) g
      WHERE NOT EXISTS (SELECT FROM ledger.retention_class c WHERE c.keep_class = g.k))
  THEN PERFORM ledger.refuse_culprits(_lanes, _tenants, _records, _keeps); END IF;
END $$;
`;

/**
 * One tenant's records of a batch, all of them new: a unique violation is the caller's. No plan of these statements can be
 * kept, since the schema is part of the text; a plain VALUES costs a sixth of the set to plan, so one or two go that way.
 */
const insertNew = `
CREATE FUNCTION ledger.insert_new(_lanes text[], _sequences bigint[], _records uuid[], _requests uuid[], _kinds text[], _effects text[],
  _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[], _tenant uuid, _places int[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _n int;
BEGIN
  IF cardinality(_places) > 2 THEN
    EXECUTE format('INSERT INTO %I.record (tenant_id, record_id, request_id, kind, effect, keep_class, writer, writer_sequence, leaf, sealed)
      SELECT $1, $2[n], $3[n], $4[n], $5[n], $6[n], $7[n], $8[n], $9[n], $10[n] FROM unnest($11) n', _schema)
      USING _tenant, _records, _requests, _kinds, _effects, _keeps, _lanes, _sequences, _leaves, _sealed, _places;
    EXECUTE format('INSERT INTO %I.record_key (tenant_id, record_id, subject_ref, wrapped)
      SELECT $1, $2[n], $3[n], $4[n] FROM unnest($5) n WHERE $3[n] IS NOT NULL', _schema)
      USING _tenant, _records, _subjects, _wrapped, _places;
    RETURN;
  END IF;
  FOREACH _n IN ARRAY _places LOOP
    EXECUTE format('INSERT INTO %I.record (tenant_id, record_id, request_id, kind, effect, keep_class, writer, writer_sequence, leaf, sealed)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', _schema)
      USING _tenant, _records[_n], _requests[_n], _kinds[_n], _effects[_n], _keeps[_n], _lanes[_n], _sequences[_n], _leaves[_n], _sealed[_n];
    IF _subjects[_n] IS NOT NULL THEN
      EXECUTE format('INSERT INTO %I.record_key (tenant_id, record_id, subject_ref, wrapped) VALUES ($1, $2, $3, $4)', _schema)
        USING _tenant, _records[_n], _subjects[_n], _wrapped[_n];
    END IF;
  END LOOP;
END $$;
`;

/** The careful way: a record that is there with the same bytes counts as appended, one with other bytes is a conflict. */
const insertMissing = `
CREATE FUNCTION ledger.insert_missing(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[],
  OUT fresh uuid[], OUT conflicts text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _tenant uuid;
  _new uuid[];
  _differs text;
BEGIN
  fresh := '{}';
  FOR _tenant IN SELECT DISTINCT t FROM unnest(_tenants) t ORDER BY t LOOP
    SELECT m.fresh, m.conflicts INTO _new, _differs FROM ledger.insert_many(_lanes, _sequences, _tenants, _records, _requests,
      _kinds, _effects, _keeps, _leaves, _sealed, _subjects, _wrapped, _tenant) m;
    fresh := fresh || _new;
    conflicts := concat_ws(',', conflicts, _differs);
  END LOOP;
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'the log is locked' USING ERRCODE = 'WL004',
    DETAIL = (SELECT string_agg(g.r::text, ',') FROM unnest(_tenants, _records) g(t, r) WHERE g.t = _tenant);
END $$;
DROP FUNCTION ledger.insert_one(uuid, uuid, uuid, text, text, text, text, bigint, bytea, bytea, text, bytea);
`;

const append = `
CREATE OR REPLACE FUNCTION ledger.append(_lanes text[], _sequences bigint[], _tenants uuid[], _records uuid[], _requests uuid[],
  _kinds text[], _effects text[], _keeps text[], _leaves bytea[], _sealed bytea[], _subjects text[], _wrapped bytea[]) RETURNS void
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
  INSERT INTO ledger.pending (shard, tenant_id, record_id)
  SELECT l.shard, g.t, g.r FROM unnest(_tenants, _records) WITH ORDINALITY g(t, r, n)
  JOIN ledger.log l ON l.tenant_id = g.t WHERE _fresh IS NULL OR g.r = ANY (_fresh) ORDER BY g.n ON CONFLICT DO NOTHING;
END $$;
`;
