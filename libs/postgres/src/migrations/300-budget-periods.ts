import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** Which day or month it is, the database says: a gateway whose clock jumped gets nothing of another period. */
export class BudgetPeriods1763694000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(lease);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** As `lease_budget`; NULL for a period that is not now. That one stays for gateways of the release before. */
const lease = `
CREATE FUNCTION control.lease_budget_now(_id uuid, _tenant uuid, _budget text, _holder text, _period timestamptz,
  _kind text, _limit bigint, _least bigint, _slice bigint, _seconds int)
RETURNS TABLE (granted bigint, remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  _now timestamptz := clock_timestamp();
BEGIN
  IF _kind NOT IN ('day', 'month', 'total') THEN RAISE EXCEPTION 'a period is a day, a month or the total'; END IF;
  IF _period IS DISTINCT FROM (CASE _kind
       WHEN 'total' THEN to_timestamp(0)
       ELSE date_trunc(_kind, _now AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' END) THEN
    RETURN QUERY SELECT NULL::bigint, NULL::bigint;
    RETURN;
  END IF;
  RETURN QUERY SELECT l.granted, l.remaining
    FROM control.lease_budget(_id, _tenant, _budget, _holder, _period, _limit, _least, _slice, _seconds) l;
END $$;
REVOKE ALL ON FUNCTION control.lease_budget_now(uuid, uuid, text, text, timestamptz, text, bigint, bigint, bigint, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.lease_budget_now(uuid, uuid, text, text, timestamptz, text, bigint, bigint, bigint, int) TO writ_gateway;
`;
