import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What a dead process held of a tenant's budget is written off as spent when its lease ends; the ledger knows what it spent
 * really. Once usage has caught up, the write-off is corrected by it, so that a crash costs no more than was used.
 */
export class Reconciling1763694000302 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(settle);
    await runner.query(reconcile);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
-- Reserved for requests of which nobody knows whether they left: their writer died, and the sweeper closed them.
CREATE TABLE control.usage_uncertain (
  tenant_id uuid NOT NULL,
  day date NOT NULL,
  reserved_micros numeric NOT NULL CHECK (reserved_micros >= 0),
  PRIMARY KEY (tenant_id, day)
);
ALTER TABLE control.usage_uncertain ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.usage_uncertain FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.usage_uncertain FOR SELECT TO writ_tenant, writ_tenant_api USING (tenant_id = control.current_tenant());
CREATE POLICY of_owner ON control.usage_uncertain TO writ_owner USING (true) WITH CHECK (true);
GRANT SELECT ON control.usage_uncertain TO writ_tenant, writ_tenant_api;
`;

/** As before, and what is uncertain is kept apart from what was used. */
const settle = `
CREATE OR REPLACE FUNCTION control.settle_usage(_tenant uuid, _from bigint, _to bigint, _lines jsonb, _notices jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _next bigint;
BEGIN
  IF _to <= _from OR _from < 0 THEN RAISE EXCEPTION 'a window of the tree has a beginning and an end'; END IF;
  INSERT INTO control.usage_cursor (tenant_id, next_index) VALUES (_tenant, 0) ON CONFLICT DO NOTHING;
  SELECT c.next_index INTO _next FROM control.usage_cursor c WHERE c.tenant_id = _tenant FOR UPDATE;
  IF _next <> _from THEN RETURN false; END IF;
  INSERT INTO control.usage_day AS u (tenant_id, day, subject_group, app, model, endpoint, charge, price_version,
      quantity, estimated, cost_picos, denied, failed)
    SELECT _tenant, l.day, l.subject_group, l.app, l.model, l.endpoint, l.charge, l.price_version,
      sum(l.quantity), sum(l.estimated), sum(l.cost_picos), sum(l.denied), sum(l.failed)
    FROM jsonb_to_recordset(_lines) l(day date, subject_group text, app text, model text, endpoint text, charge text,
      price_version text, quantity numeric, estimated numeric, cost_picos numeric, denied bigint, failed bigint)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
  ON CONFLICT (tenant_id, day, subject_group, app, model, endpoint, charge, price_version) DO UPDATE SET
    quantity = u.quantity + excluded.quantity, estimated = u.estimated + excluded.estimated,
    cost_picos = u.cost_picos + excluded.cost_picos, denied = u.denied + excluded.denied, failed = u.failed + excluded.failed;
  INSERT INTO control.usage_uncertain AS u (tenant_id, day, reserved_micros)
    SELECT _tenant, l.day, sum(l.uncertain_micros) FROM jsonb_to_recordset(_lines) l(day date, uncertain_micros numeric)
    WHERE l.uncertain_micros > 0 GROUP BY 2
  ON CONFLICT (tenant_id, day) DO UPDATE SET reserved_micros = u.reserved_micros + excluded.reserved_micros;
  PERFORM set_config('app.tenant', _tenant::text, true);
  PERFORM control.enqueue(_tenant, n.id, 'notify', n.payload, 0, 1) FROM jsonb_to_recordset(_notices) n(id uuid, payload jsonb);
  UPDATE control.usage_cursor c SET next_index = _to, settled_at = clock_timestamp() WHERE c.tenant_id = _tenant;
  RETURN true;
END $$;
`;

/**
 * For budgets of a whole tenant alone: usage knows no subjects and no roles. Only write-offs of more than five minutes ago:
 * by then the sweeper has closed what the dead left open, and the caller has seen to it that usage is up to date. What
 * living processes spent and did not settle yet is in usage too, so the correction can only be too small. A process that
 * was not dead and settles later finds its lease gone; what it spent is in usage.
 */
const reconcile = `
CREATE FUNCTION control.reconcile_budgets(_tenant uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _state record;
  _used bigint;
  _kept bigint;
  _count int := 0;
BEGIN
  PERFORM set_config('app.tenant', _tenant::text, true);
  FOR _state IN
    SELECT s.*, CASE b.period WHEN 'total' THEN 'infinity'::timestamptz ELSE s.period_start + ('1 ' || b.period)::interval END AS period_end
    FROM control.budget_state s JOIN control.budget b ON b.tenant_id = s.tenant_id AND b.name = s.budget_id
    WHERE s.tenant_id = _tenant AND b.scope = 'tenant' AND s.written_off_micros > 0 AND NOT EXISTS (
      SELECT FROM control.budget_lease l WHERE (l.tenant_id, l.budget_id, l.holder, l.period_start)
        = (s.tenant_id, s.budget_id, s.holder, s.period_start) AND l.settled_at > clock_timestamp() - interval '5 minutes')
    FOR UPDATE OF s
  LOOP
    SELECT ceil(coalesce(sum(u.cost_picos), 0) / 1000000) INTO _used FROM control.usage_day u
      WHERE u.tenant_id = _tenant AND u.day >= _state.period_start::date AND u.day < _state.period_end::date;
    SELECT _used + coalesce(sum(u.reserved_micros), 0) INTO _used FROM control.usage_uncertain u
      WHERE u.tenant_id = _tenant AND u.day >= _state.period_start::date AND u.day < _state.period_end::date;
    -- What of the write-off is still owed: what was used beyond what gateways reported, and never more than was written off.
    _kept := least(_state.written_off_micros, greatest(0, _used - (_state.spent_micros - _state.written_off_micros)));
    DELETE FROM control.budget_lease l WHERE (l.tenant_id, l.budget_id, l.holder, l.period_start)
      = (_state.tenant_id, _state.budget_id, _state.holder, _state.period_start) AND l.settled_at IS NOT NULL;
    UPDATE control.budget_state s SET spent_micros = s.spent_micros - s.written_off_micros + _kept, written_off_micros = 0
      WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start)
        = (_state.tenant_id, _state.budget_id, _state.holder, _state.period_start);
    _count := _count + 1;
  END LOOP;
  RETURN _count;
END $$;
REVOKE ALL ON FUNCTION control.reconcile_budgets(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.reconcile_budgets(uuid) TO writ_worker;
`;
