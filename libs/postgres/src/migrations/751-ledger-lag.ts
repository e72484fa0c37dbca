import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** What operators watch: how much is committed and in no tree yet, and how old the newest checkpoint is. Sums, and no tenant's name. */
export class LedgerLag1763694000751 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(lag);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** The oldest of each shard by its arrival; the count stops at a hundred thousand, so that asking costs little however far behind. */
const lag = `
CREATE FUNCTION control.ledger_lag()
RETURNS TABLE (records bigint, oldest_ms bigint, checkpoint_age_ms bigint, written_off_micros numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT
    (SELECT count(*) FROM (SELECT FROM ledger.pending LIMIT 100000) p),
    (SELECT coalesce(max(greatest(0, (extract(epoch FROM clock_timestamp() - uuid_extract_timestamp(o.record_id)) * 1000)::bigint)), 0)
      FROM (SELECT DISTINCT l.shard FROM ledger.log l) s
      CROSS JOIN LATERAL (SELECT p.record_id FROM ledger.pending p WHERE p.shard = s.shard ORDER BY p.arrival LIMIT 1) o),
    (SELECT (extract(epoch FROM clock_timestamp() - e.signed_at) * 1000)::bigint FROM ledger.epoch e ORDER BY e.number DESC LIMIT 1),
    (SELECT coalesce(sum(s.written_off_micros), 0) FROM control.budget_state s WHERE s.written_off_micros > 0)
$$;
REVOKE ALL ON FUNCTION control.ledger_lag() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.ledger_lag() TO writ_worker;
CREATE INDEX ON control.budget_state (tenant_id) WHERE written_off_micros > 0;
`;
