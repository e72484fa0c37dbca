import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * Reviews of what the inline pass could not settle. A row is made together with the job that asks the model, and settled by
 * functions that can only tighten: from pending to clear or confirmed, from clear to confirmed, and never back.
 */
export class Reviews1763694000401 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(asking);
    await runner.query(settling);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE control.review (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  request_id uuid NOT NULL,
  -- Digests under the tenant's key, by which a later request is known to go on from this one.
  keys text[] NOT NULL,
  -- The classification token that the inline result issued.
  token text NOT NULL,
  -- The tokenised text, sealed under the tenant's key with tenant, table and row in the additional data.
  sealed text NOT NULL,
  asked jsonb NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'clear', 'confirmed', 'failed')),
  -- Per mille by class.
  verdict jsonb NOT NULL DEFAULT '{}',
  decided_by text,
  reason text,
  -- Who said "clear" first, where two must.
  first_clear_by text,
  taken_by text,
  taken_at timestamptz,
  needs_two boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CHECK (first_clear_by IS NULL OR decided_by IS NULL OR state <> 'clear' OR first_clear_by <> decided_by)
);
CREATE INDEX review_changed ON control.review (updated_at);
CREATE INDEX review_of_tenant ON control.review (tenant_id, id);
CREATE INDEX review_by_key ON control.review USING gin (keys);
ALTER TABLE control.review ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.review FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.review FOR SELECT TO writ_tenant, writ_tenant_api USING (tenant_id = control.current_tenant());
CREATE POLICY of_owner ON control.review TO writ_owner USING (true) WITH CHECK (true);
GRANT SELECT ON control.review TO writ_tenant, writ_tenant_api;

-- What the tenant chose: the model that reviews, and the classes for which two people must agree.
CREATE TABLE control.review_setting (
  tenant_id uuid PRIMARY KEY,
  version integer NOT NULL DEFAULT 1,
  model text NOT NULL,
  -- What every review looks for, beside what was found and what the policy names.
  classes jsonb NOT NULL,
  second_person_classes jsonb NOT NULL DEFAULT '[]'
);
ALTER TABLE control.review_setting ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.review_setting FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.review_setting TO writ_tenant_api
  USING (tenant_id = control.current_tenant()) WITH CHECK (tenant_id = control.current_tenant());
GRANT SELECT, INSERT, UPDATE ON control.review_setting TO writ_tenant_api;
`;

const asking = `
CREATE FUNCTION control.ask_review(_tenant uuid, _id uuid, _request uuid, _keys text[], _token text, _sealed text, _asked jsonb,
  _needs_two boolean, _has_model boolean, _lives_ms bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
  IF session_user <> 'writ_gateway' THEN PERFORM control.require_tenant(_tenant); END IF;
  INSERT INTO control.review (id, tenant_id, request_id, keys, token, sealed, asked, needs_two, expires_at)
  VALUES (_id, _tenant, _request, _keys, _token, _sealed, _asked, _needs_two, clock_timestamp() + _lives_ms * interval '1 millisecond');
  IF _has_model THEN PERFORM control.enqueue(_tenant, _id, 'review', jsonb_build_object('review', _id), 0, 1); END IF;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION control.ask_review(uuid, uuid, uuid, text[], text, text, jsonb, boolean, boolean, bigint) TO writ_gateway;

-- What changed since then, of every tenant: all that a gateway needs to know of reviews, and no text.
CREATE FUNCTION control.reviews_since(_since timestamptz, _after uuid, _limit int)
RETURNS TABLE (id uuid, tenant_id uuid, keys text[], state text, verdict jsonb, updated_at timestamptz, expires_at timestamptz, now_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.id, r.tenant_id, r.keys, r.state, r.verdict, r.updated_at, r.expires_at, clock_timestamp() FROM control.review r
  WHERE (r.updated_at, r.id) > (_since, _after) AND r.expires_at > clock_timestamp() ORDER BY r.updated_at, r.id LIMIT _limit
$$;
CREATE FUNCTION control.reviews_of(_tenant uuid, _keys text[]) RETURNS TABLE (id uuid, state text, verdict jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.id, r.state, r.verdict FROM control.review r
  WHERE r.tenant_id = _tenant AND r.keys && _keys AND r.expires_at > clock_timestamp()
$$;
GRANT EXECUTE ON FUNCTION control.reviews_since(timestamptz, uuid, int), control.reviews_of(uuid, text[]) TO writ_gateway;
`;

/** Tightening only: pending may become anything, failed may be decided by a person, clear may become confirmed; confirmed stays. */
const settling = `
CREATE FUNCTION control.settle_review(_tenant uuid, _id uuid, _state text, _verdict jsonb, _by text, _reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE _row control.review; _merged jsonb;
BEGIN
  PERFORM control.require_tenant(_tenant);
  SELECT * INTO _row FROM control.review r WHERE r.id = _id AND r.tenant_id = _tenant FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF _row.state = 'confirmed' OR (_row.state = 'clear' AND _state <> 'confirmed') OR (_row.state = 'failed' AND _state = 'failed') THEN RETURN false; END IF;
  SELECT coalesce(jsonb_object_agg(k, v), '{}') INTO _merged FROM (
    SELECT key AS k, max(value::text::numeric) AS v FROM (SELECT * FROM jsonb_each(_row.verdict) UNION ALL SELECT * FROM jsonb_each(_verdict)) e GROUP BY key) m;
  IF _state = 'clear' AND _row.needs_two AND _by <> 'model' AND _row.first_clear_by IS NULL THEN
    UPDATE control.review r SET first_clear_by = _by, verdict = _merged, taken_by = NULL, taken_at = NULL WHERE r.id = _id;
    RETURN true;
  END IF;
  IF _state = 'clear' AND _row.needs_two AND (_by = 'model' OR _by = _row.first_clear_by) THEN RETURN _by = 'model'; END IF;
  UPDATE control.review r SET state = _state, verdict = _merged, decided_by = _by, reason = _reason, updated_at = clock_timestamp() WHERE r.id = _id;
  PERFORM pg_notify('review', _tenant::text || ':' || _id::text);
  RETURN true;
END $$;
CREATE FUNCTION control.take_review(_tenant uuid, _id uuid, _by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  UPDATE control.review r SET taken_by = _by, taken_at = clock_timestamp()
    WHERE r.id = _id AND r.tenant_id = _tenant AND r.state IN ('pending', 'failed', 'clear')
      AND (r.taken_by IS NULL OR r.taken_by = _by OR r.taken_at < clock_timestamp() - interval '15 minutes');
  RETURN FOUND;
END $$;
CREATE FUNCTION control.forget_reviews(_tenant uuid, _limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _gone int;
BEGIN
  PERFORM control.require_tenant(_tenant);
  DELETE FROM control.review r WHERE r.id IN (SELECT x.id FROM control.review x WHERE x.tenant_id = _tenant AND x.expires_at < clock_timestamp() LIMIT _limit);
  GET DIAGNOSTICS _gone = ROW_COUNT;
  RETURN _gone;
END $$;
GRANT EXECUTE ON FUNCTION control.settle_review(uuid, uuid, text, jsonb, text, text) TO writ_tenant, writ_tenant_api;
GRANT EXECUTE ON FUNCTION control.take_review(uuid, uuid, text) TO writ_tenant_api;
GRANT EXECUTE ON FUNCTION control.forget_reviews(uuid, int) TO writ_tenant;
-- What the reviewer spends is reserved and settled like everyone's.
GRANT EXECUTE ON FUNCTION control.lease_budget_now(uuid, uuid, text, text, timestamptz, text, bigint, bigint, bigint, int),
  control.settle_budget(uuid, bigint) TO writ_worker;
`;
