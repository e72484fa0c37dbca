import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What was used, summed up by day from the ledger: each tenant's tree is read once, from a cursor that moves in the same
 * transaction as the sums. Passed thresholds of budgets, and what policy wants told, go into the tenant's outbox there too.
 */
export class Usage1763694000301 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(rowSecurity);
    await runner.query(settle);
    await runner.query(thresholds);
    await runner.query(refusals);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE control.usage_day (
  tenant_id uuid NOT NULL,
  day date NOT NULL,
  subject_group text NOT NULL,
  app text NOT NULL,
  model text NOT NULL,
  endpoint text NOT NULL,
  charge text NOT NULL CHECK (charge IN ('request', 'input', 'output', 'cache-read', 'cache-write', 'reasoning', 'unsplit')),
  price_version text NOT NULL,
  -- Requests or tokens, by charge.
  quantity numeric NOT NULL CHECK (quantity >= 0),
  estimated numeric NOT NULL CHECK (estimated >= 0),
  -- Millionths of a micro-unit.
  cost_picos numeric NOT NULL CHECK (cost_picos >= 0),
  denied bigint NOT NULL,
  failed bigint NOT NULL,
  PRIMARY KEY (tenant_id, day, subject_group, app, model, endpoint, charge, price_version)
);
CREATE TABLE control.usage_cursor (
  tenant_id uuid PRIMARY KEY,
  -- The first index of the tenant's tree that is not summed up yet.
  next_index bigint NOT NULL CHECK (next_index >= 0),
  settled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- What a person corrects afterwards. Never changed: what was wrong is corrected by a further row.
CREATE TABLE control.usage_correction (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  day date NOT NULL,
  subject_group text NOT NULL,
  app text NOT NULL,
  model text NOT NULL,
  endpoint text NOT NULL,
  cost_micros numeric NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON control.usage_correction (tenant_id, day);
CREATE TABLE control.budget_threshold (
  tenant_id uuid NOT NULL,
  budget_id text NOT NULL,
  holder text NOT NULL,
  period_start timestamptz NOT NULL,
  percent int NOT NULL CHECK (percent IN (50, 80, 100)),
  spent_micros bigint NOT NULL,
  limit_micros numeric NOT NULL,
  passed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, budget_id, holder, period_start, percent)
);
ALTER TABLE control.budget_state ADD COLUMN refused_at timestamptz;
`;

const rowSecurity = `
DO $$
DECLARE _table text;
BEGIN
  FOREACH _table IN ARRAY ARRAY['usage_day', 'usage_cursor', 'usage_correction', 'budget_threshold'] LOOP
    EXECUTE format('ALTER TABLE control.%1$I ENABLE ROW LEVEL SECURITY; ALTER TABLE control.%1$I FORCE ROW LEVEL SECURITY;
      CREATE POLICY of_tenant ON control.%1$I FOR SELECT TO writ_tenant, writ_tenant_api USING (tenant_id = control.current_tenant());
      CREATE POLICY of_owner ON control.%1$I TO writ_owner USING (true) WITH CHECK (true);
      GRANT SELECT ON control.%1$I TO writ_tenant, writ_tenant_api;', _table);
  END LOOP;
END $$;
CREATE POLICY new_of_tenant ON control.usage_correction FOR INSERT TO writ_tenant_api WITH CHECK (tenant_id = control.current_tenant());
GRANT INSERT ON control.usage_correction TO writ_tenant_api;
`;

/**
 * Adds the sums of indices [_from, _to) once: whoever comes with another _from than the cursor's changes nothing and is
 * told so. Ids of notices are given by the caller, from what they tell, so that none is enqueued twice.
 */
const settle = `
CREATE FUNCTION control.usage_next(_tenant uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT c.next_index FROM control.usage_cursor c WHERE c.tenant_id = _tenant), 0)
$$;
CREATE FUNCTION control.settle_usage(_tenant uuid, _from bigint, _to bigint, _lines jsonb, _notices jsonb) RETURNS boolean
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
  UPDATE control.usage_cursor c SET next_index = _to, settled_at = clock_timestamp() WHERE c.tenant_id = _tenant;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION control.usage_next(uuid), control.settle_usage(uuid, bigint, bigint, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.usage_next(uuid), control.settle_usage(uuid, bigint, bigint, jsonb, jsonb) TO writ_worker;
`;

/**
 * Thresholds of the budgets in their present period, each once: the row and the outbox's row stand or fall together. The
 * last one is passed too when a request was refused with nine tenths spent, for a worst case seldom fits exactly. A
 * subject's budget does not name the subject.
 */
const thresholds = `
CREATE FUNCTION control.pass_thresholds(_tenant uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _passed record;
  _count int := 0;
BEGIN
  PERFORM set_config('app.tenant', _tenant::text, true);
  FOR _passed IN
    WITH state AS (
      SELECT s.*, b.limit_micros FROM control.budget_state s
      JOIN control.budget b ON b.tenant_id = s.tenant_id AND b.name = s.budget_id
      WHERE s.tenant_id = _tenant AND b.limit_micros > 0 AND s.period_start = (CASE b.period
        WHEN 'total' THEN to_timestamp(0) ELSE date_trunc(b.period, clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' END)),
    passed AS (
      INSERT INTO control.budget_threshold (tenant_id, budget_id, holder, period_start, percent, spent_micros, limit_micros)
      SELECT s.tenant_id, s.budget_id, s.holder, s.period_start, t.percent, s.spent_micros, s.limit_micros
      FROM state s CROSS JOIN (VALUES (50), (80), (100)) t(percent)
      WHERE s.spent_micros * 100 >= s.limit_micros * t.percent
        OR (t.percent = 100 AND s.refused_at IS NOT NULL AND s.spent_micros * 100 >= s.limit_micros * 90)
      ON CONFLICT DO NOTHING RETURNING *)
    SELECT p.*, b.scope FROM passed p JOIN control.budget b ON b.tenant_id = p.tenant_id AND b.name = p.budget_id
  LOOP
    _count := _count + 1;
    PERFORM control.enqueue(_tenant,
      md5(concat_ws('|', _tenant, _passed.budget_id, _passed.holder, extract(epoch FROM _passed.period_start)::bigint, _passed.percent))::uuid, 'notify',
      jsonb_build_object('kind', 'budget.threshold', 'budget', _passed.budget_id, 'percent', _passed.percent,
        'period', to_char(_passed.period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'spentMicros', _passed.spent_micros::text, 'limitMicros', _passed.limit_micros::text)
      || CASE WHEN _passed.scope IN ('app', 'role', 'team') THEN jsonb_build_object(_passed.scope, _passed.holder) ELSE '{}'::jsonb END, 0, 1);
  END LOOP;
  RETURN _count;
END $$;
REVOKE ALL ON FUNCTION control.pass_thresholds(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.pass_thresholds(uuid) TO writ_worker;
`;

/** As before, and the refusal is remembered: the last threshold of a budget is passed by it. */
const refusals = `
CREATE OR REPLACE FUNCTION control.lease_budget_now(_id uuid, _tenant uuid, _budget text, _holder text, _period timestamptz,
  _kind text, _limit bigint, _least bigint, _slice bigint, _seconds int)
RETURNS TABLE (granted bigint, remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  _now timestamptz := clock_timestamp();
  _answer record;
BEGIN
  IF _kind NOT IN ('day', 'month', 'total') THEN RAISE EXCEPTION 'a period is a day, a month or the total'; END IF;
  IF _period IS DISTINCT FROM (CASE _kind
       WHEN 'total' THEN to_timestamp(0)
       ELSE date_trunc(_kind, _now AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' END) THEN
    RETURN QUERY SELECT NULL::bigint, NULL::bigint;
    RETURN;
  END IF;
  SELECT l.granted, l.remaining INTO STRICT _answer
    FROM control.lease_budget(_id, _tenant, _budget, _holder, _period, _limit, _least, _slice, _seconds) l;
  IF _answer.granted = 0 THEN
    UPDATE control.budget_state s SET refused_at = _now
      WHERE (s.tenant_id, s.budget_id, s.holder, s.period_start) = (_tenant, _budget, _holder, _period);
  END IF;
  RETURN QUERY SELECT _answer.granted, _answer.remaining;
END $$;
`;
