import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * Decisions name the leases that they were reserved from, so the ledger knows what was spent of each, whatever the budget is
 * for. What a dead process held is written off when its lease ends, and comes back as soon as the tree holds, and usage has read,
 * every record that can name the lease.
 */
export class LeasesInTheLedger1763694000750 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(columns);
    await runner.query(lease);
    await runner.query(settleBudget);
    await runner.query(settleUsage);
    await runner.query(reconcile);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const columns = `
ALTER TABLE control.budget_lease
  -- Whoever spends from it names it in its decisions. A gateway of the release before does not, and its leases stay written off.
  ADD COLUMN is_named boolean NOT NULL DEFAULT false,
  -- What of it may be spent by the records that usage has read: reserved by a permit, or cost by its outcome.
  ADD COLUMN ledger_micros numeric NOT NULL DEFAULT 0,
  -- The size of a tree that holds every record that can name it.
  ADD COLUMN complete_at bigint,
  -- The part of spent_micros that stands for it since the ledger was asked; null before.
  ADD COLUMN counted_micros numeric;
CREATE INDEX ON control.budget_lease (tenant_id, expires_at);
-- What was reserved for requests of unknown end is in the sums of their leases now.
DROP TABLE control.usage_uncertain;
`;

/** As \`lease_budget_now\`, for a process that names its leases. */
const lease = `
CREATE FUNCTION control.lease_slice(_id uuid, _tenant uuid, _budget text, _holder text, _period timestamptz,
  _kind text, _limit bigint, _least bigint, _slice bigint, _seconds int)
RETURNS TABLE (granted bigint, remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
  RETURN QUERY SELECT l.granted, l.remaining
    FROM control.lease_budget_now(_id, _tenant, _budget, _holder, _period, _kind, _limit, _least, _slice, _seconds) l;
  UPDATE control.budget_lease l SET is_named = true WHERE l.id = _id;
END $$;
`;

/** As before, but for a lease that the ledger has counted: then the ledger goes on counting it, and nobody else. */
const settleBudget = `
CREATE OR REPLACE FUNCTION control.settle_budget(_id uuid, _spent bigint) RETURNS boolean
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
  DELETE FROM control.budget_lease l WHERE l.id = _id AND l.counted_micros IS NULL RETURNING l.settled_at IS NOT NULL INTO _off;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE control.budget_state s SET
      spent_micros = s.spent_micros + _spent - CASE WHEN _off THEN _lease.granted_micros ELSE 0 END,
      written_off_micros = s.written_off_micros - CASE WHEN _off THEN _lease.granted_micros ELSE 0 END,
      leased_micros = s.leased_micros - CASE WHEN _off THEN 0 ELSE _lease.granted_micros END
    WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start)
      = (_lease.tenant_id, _lease.budget_id, _lease.holder, _lease.period_start);
  RETURN true;
END $$;
`;

/**
 * As before, and what the records say of leases is added to them, in the same transaction that moves the cursor. Whoever locks a
 * lease locks its budget's row before. A worker of the release before does not know of leases: what it reads is in no lease's
 * sum, so none of the tenant's present leases comes back.
 */
const settleUsage = `
CREATE FUNCTION control.settle_usage(_tenant uuid, _from bigint, _to bigint, _lines jsonb, _notices jsonb, _uses jsonb) RETURNS boolean
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
  PERFORM set_config('app.tenant', _tenant::text, true);
  PERFORM control.enqueue(_tenant, n.id, 'notify', n.payload, 0, 1) FROM jsonb_to_recordset(_notices) n(id uuid, payload jsonb);
  PERFORM FROM control.budget_state s WHERE s.tenant_id = _tenant AND EXISTS (
      SELECT FROM control.budget_lease l JOIN jsonb_to_recordset(_uses) u(lease uuid) ON u.lease = l.id
      WHERE (l.tenant_id, l.budget_id, l.holder, l.period_start) = (s.tenant_id, s.budget_id, s.holder, s.period_start))
    ORDER BY s.budget_id, s.holder, s.period_start FOR UPDATE;
  UPDATE control.budget_lease l SET ledger_micros = l.ledger_micros + u.micros
    FROM (SELECT x.lease, sum(x.micros) AS micros FROM jsonb_to_recordset(_uses) x(lease uuid, micros numeric) GROUP BY 1) u
    WHERE l.id = u.lease AND l.tenant_id = _tenant;
  UPDATE control.usage_cursor c SET next_index = _to, settled_at = clock_timestamp() WHERE c.tenant_id = _tenant;
  RETURN true;
END $$;
CREATE OR REPLACE FUNCTION control.settle_usage(_tenant uuid, _from bigint, _to bigint, _lines jsonb, _notices jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  UPDATE control.budget_lease l SET is_named = false WHERE l.tenant_id = _tenant AND l.counted_micros IS NULL;
  RETURN control.settle_usage(_tenant, _from, _to, _lines, _notices, '[]');
END $$;
`;

/**
 * Four steps, and all of them at most once for each lease. Leases that ran out are written off. One is complete when no record of
 * before its end waits for the sequencer; the tree that is looked at afterwards holds them all. Once usage has read so far, what the
 * ledger says takes the place of the write-off, and follows it when a late outcome says otherwise. After a week it is forgotten.
 * A lease serves for its first minute of five: who still spends from it at its end would have stood still for four minutes, and
 * a writer that is silent for that long has been declared lost.
 */
const reconcile = `
CREATE OR REPLACE FUNCTION control.reconcile_budgets(_tenant uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _now timestamptz := clock_timestamp();
  _complete uuid[];
  _size bigint;
  _next bigint;
  _count int;
BEGIN
  PERFORM FROM control.budget_state s WHERE s.tenant_id = _tenant AND EXISTS (
      SELECT FROM control.budget_lease l
      WHERE (l.tenant_id, l.budget_id, l.holder, l.period_start) = (s.tenant_id, s.budget_id, s.holder, s.period_start)
        AND l.expires_at < _now AND (l.settled_at IS NULL OR (l.is_named AND l.counted_micros IS DISTINCT FROM l.ledger_micros)))
    ORDER BY s.budget_id, s.holder, s.period_start FOR UPDATE;
  IF NOT FOUND THEN
    DELETE FROM control.budget_lease l WHERE l.tenant_id = _tenant AND l.settled_at < _now - interval '7 days';
    RETURN 0;
  END IF;

  WITH dead AS (
    UPDATE control.budget_lease l SET settled_at = _now WHERE l.tenant_id = _tenant AND l.settled_at IS NULL AND l.expires_at < _now
    RETURNING l.budget_id, l.holder, l.period_start, l.granted_micros),
  sums AS (SELECT d.budget_id, d.holder, d.period_start, sum(d.granted_micros)::bigint AS micros FROM dead d GROUP BY 1, 2, 3)
  UPDATE control.budget_state s SET spent_micros = s.spent_micros + d.micros, written_off_micros = s.written_off_micros + d.micros,
      leased_micros = s.leased_micros - d.micros
    FROM sums d WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start) = (_tenant, d.budget_id, d.holder, d.period_start);

  SELECT array_agg(l.id) INTO _complete FROM control.budget_lease l
    WHERE l.tenant_id = _tenant AND l.settled_at IS NOT NULL AND l.is_named AND l.complete_at IS NULL AND NOT EXISTS (
      SELECT FROM ledger.pending p WHERE p.tenant_id = _tenant AND uuid_extract_timestamp(p.record_id) <= l.expires_at);
  IF _complete IS NOT NULL THEN
    EXECUTE format('SELECT coalesce(max(size_after), 0) FROM %I.batch', ledger.schema_of(_tenant)) INTO _size;
    UPDATE control.budget_lease l SET complete_at = _size WHERE l.id = ANY (_complete);
  END IF;

  SELECT c.next_index INTO _next FROM control.usage_cursor c WHERE c.tenant_id = _tenant;
  WITH counted AS (
    SELECT l.id, l.budget_id, l.holder, l.period_start, l.granted_micros, l.ledger_micros, l.counted_micros
    FROM control.budget_lease l WHERE l.tenant_id = _tenant AND l.is_named AND l.complete_at <= coalesce(_next, 0)
      AND l.counted_micros IS DISTINCT FROM l.ledger_micros),
  done AS (UPDATE control.budget_lease l SET counted_micros = c.ledger_micros FROM counted c WHERE l.id = c.id RETURNING l.id),
  sums AS (
    SELECT c.budget_id, c.holder, c.period_start,
      sum(c.ledger_micros - coalesce(c.counted_micros, c.granted_micros))::bigint AS micros,
      (sum(c.granted_micros) FILTER (WHERE c.counted_micros IS NULL))::bigint AS written_off
    FROM counted c GROUP BY 1, 2, 3),
  corrected AS (
    UPDATE control.budget_state s SET spent_micros = greatest(0, s.spent_micros + d.micros),
        written_off_micros = s.written_off_micros - coalesce(d.written_off, 0)
      FROM sums d WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start) = (_tenant, d.budget_id, d.holder, d.period_start))
  SELECT count(*) INTO _count FROM done;
  RETURN _count;
END $$;
`;

const grants = `
REVOKE ALL ON FUNCTION control.lease_slice(uuid, uuid, text, text, timestamptz, text, bigint, bigint, bigint, int),
  control.settle_usage(uuid, bigint, bigint, jsonb, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.lease_slice(uuid, uuid, text, text, timestamptz, text, bigint, bigint, bigint, int) TO writ_gateway, writ_worker;
GRANT EXECUTE ON FUNCTION control.settle_usage(uuid, bigint, bigint, jsonb, jsonb, jsonb) TO writ_worker;
`;
