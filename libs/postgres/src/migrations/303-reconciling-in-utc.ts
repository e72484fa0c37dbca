import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** Days of usage are days in UTC, whatever time zone the server's sessions have: a period's first and last day were not. */
export class ReconcilingInUtc1763694000303 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(reconcile);
    // Gateways ask `lease_budget_now`, which knows the period; nobody calls the older one by itself any more.
    await runner.query(
      `REVOKE EXECUTE ON FUNCTION control.lease_budget(uuid, uuid, text, text, timestamptz, bigint, bigint, bigint, int) FROM writ_gateway, PUBLIC`,
    );
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** As before, but for the days. */
const reconcile = `
CREATE OR REPLACE FUNCTION control.reconcile_budgets(_tenant uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _state record;
  _used bigint;
  _kept bigint;
  _count int := 0;
BEGIN
  PERFORM set_config('app.tenant', _tenant::text, true);
  FOR _state IN
    SELECT s.*, (s.period_start AT TIME ZONE 'UTC')::date AS first_day,
      CASE b.period WHEN 'total' THEN 'infinity'::date ELSE ((s.period_start AT TIME ZONE 'UTC') + ('1 ' || b.period)::interval)::date END AS next_day
    FROM control.budget_state s JOIN control.budget b ON b.tenant_id = s.tenant_id AND b.name = s.budget_id
    WHERE s.tenant_id = _tenant AND b.scope = 'tenant' AND s.written_off_micros > 0 AND NOT EXISTS (
      SELECT FROM control.budget_lease l WHERE (l.tenant_id, l.budget_id, l.holder, l.period_start)
        = (s.tenant_id, s.budget_id, s.holder, s.period_start) AND l.settled_at > clock_timestamp() - interval '5 minutes')
    FOR UPDATE OF s
  LOOP
    SELECT ceil(coalesce(sum(u.cost_picos), 0) / 1000000) INTO _used FROM control.usage_day u
      WHERE u.tenant_id = _tenant AND u.day >= _state.first_day AND u.day < _state.next_day;
    SELECT _used + coalesce(sum(u.reserved_micros), 0) INTO _used FROM control.usage_uncertain u
      WHERE u.tenant_id = _tenant AND u.day >= _state.first_day AND u.day < _state.next_day;
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
`;
