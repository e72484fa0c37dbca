import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * Money: what is spent for good, and slices leased to gateways. Spent plus leased never passes the ceiling, because one
 * row per budget and period is locked while a slice is cut. A slice whose gateway died counts as spent: it may have been.
 */
export class Budgets1763694000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(lease);
    await runner.query(settle);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE control.budget_state (
  tenant_id uuid NOT NULL,
  budget_id text NOT NULL,
  -- The subject, app or role that the ceiling is for; empty for the whole tenant.
  holder text NOT NULL,
  period_start timestamptz NOT NULL,
  spent_micros bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0),
  leased_micros bigint NOT NULL DEFAULT 0 CHECK (leased_micros >= 0),
  -- The part of spent_micros that no gateway reported: slices that ran out unsettled.
  written_off_micros bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, budget_id, holder, period_start)
) WITH (fillfactor = 70);

CREATE TABLE control.budget_lease (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  budget_id text NOT NULL,
  holder text NOT NULL,
  period_start timestamptz NOT NULL,
  granted_micros bigint NOT NULL CHECK (granted_micros > 0),
  expires_at timestamptz NOT NULL,
  settled_at timestamptz,
  FOREIGN KEY (tenant_id, budget_id, holder, period_start) REFERENCES control.budget_state
);
CREATE INDEX ON control.budget_lease (tenant_id, budget_id, holder, period_start, expires_at) WHERE settled_at IS NULL;

ALTER TABLE control.budget_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.budget_state FORCE ROW LEVEL SECURITY;
ALTER TABLE control.budget_lease ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.budget_lease FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.budget_state FOR SELECT TO writ_tenant, writ_tenant_api USING (tenant_id = control.current_tenant());
CREATE POLICY of_owner ON control.budget_state TO writ_owner USING (true) WITH CHECK (true);
CREATE POLICY of_owner ON control.budget_lease TO writ_owner USING (true) WITH CHECK (true);
GRANT SELECT ON control.budget_state TO writ_tenant, writ_tenant_api;
`;

/** Grants as much of the slice as is left, but nothing when not even the least is; \`remaining\` is after the grant. */
const lease = `
CREATE FUNCTION control.lease_budget(_id uuid, _tenant uuid, _budget text, _holder text, _period timestamptz,
  _limit bigint, _least bigint, _slice bigint, _seconds int)
RETURNS TABLE (granted bigint, remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  _state control.budget_state;
  _dead bigint;
  _left bigint;
  _grant bigint;
BEGIN
  IF _least <= 0 OR _slice < _least OR _seconds NOT BETWEEN 1 AND 3600 THEN RAISE EXCEPTION 'a slice must be positive and at least what is needed'; END IF;
  INSERT INTO control.budget_state (tenant_id, budget_id, holder, period_start) VALUES (_tenant, _budget, _holder, _period) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT _state FROM control.budget_state s
    WHERE s.tenant_id = _tenant AND s.budget_id = _budget AND s.holder = _holder AND s.period_start = _period FOR UPDATE;
  WITH dead AS (
    UPDATE control.budget_lease l SET settled_at = clock_timestamp()
    WHERE l.tenant_id = _tenant AND l.budget_id = _budget AND l.holder = _holder AND l.period_start = _period
      AND l.settled_at IS NULL AND l.expires_at < clock_timestamp() RETURNING l.granted_micros)
  SELECT coalesce(sum(granted_micros), 0) INTO _dead FROM dead;
  _left := _limit - _state.spent_micros - _state.leased_micros;
  _grant := CASE WHEN _left < _least THEN 0 ELSE least(_slice, _left) END;
  UPDATE control.budget_state s SET spent_micros = s.spent_micros + _dead, written_off_micros = s.written_off_micros + _dead,
      leased_micros = s.leased_micros - _dead + _grant
    WHERE s.tenant_id = _tenant AND s.budget_id = _budget AND s.holder = _holder AND s.period_start = _period;
  IF _grant > 0 THEN
    INSERT INTO control.budget_lease (id, tenant_id, budget_id, holder, period_start, granted_micros, expires_at)
    VALUES (_id, _tenant, _budget, _holder, _period, _grant, clock_timestamp() + make_interval(secs => _seconds));
  END IF;
  RETURN QUERY SELECT _grant, greatest(_left - _grant, 0);
END $$;
GRANT EXECUTE ON FUNCTION control.lease_budget(uuid, uuid, text, text, timestamptz, bigint, bigint, bigint, int) TO writ_gateway;
`;

/**
 * Ends a slice: what was spent of it stays, the rest goes back. Once only; a second call changes nothing. A slice that
 * was written off meanwhile is corrected by what was really spent.
 */
const settle = `
CREATE FUNCTION control.settle_budget(_id uuid, _spent bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  _lease control.budget_lease;
  _off boolean;
BEGIN
  IF _spent < 0 THEN RAISE EXCEPTION 'what was spent cannot be negative'; END IF;
  SELECT * INTO _lease FROM control.budget_lease l WHERE l.id = _id;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM FROM control.budget_state s WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start)
    = (_lease.tenant_id, _lease.budget_id, _lease.holder, _lease.period_start) FOR UPDATE;
  DELETE FROM control.budget_lease l WHERE l.id = _id RETURNING l.settled_at IS NOT NULL INTO _off;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE control.budget_state s SET
      spent_micros = s.spent_micros + _spent - CASE WHEN _off THEN _lease.granted_micros ELSE 0 END,
      written_off_micros = s.written_off_micros - CASE WHEN _off THEN _lease.granted_micros ELSE 0 END,
      leased_micros = s.leased_micros - CASE WHEN _off THEN 0 ELSE _lease.granted_micros END
    WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start)
      = (_lease.tenant_id, _lease.budget_id, _lease.holder, _lease.period_start);
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION control.settle_budget(uuid, bigint) TO writ_gateway;
`;
