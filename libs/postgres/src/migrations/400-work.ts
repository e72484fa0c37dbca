import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What waits: the truth of a job is a row in the outbox of its tenant's schema; `control.work` is the index of those rows,
 * ids alone, so that a dispatcher needs to look into no schema to find who has work. Everything goes through functions,
 * which keep the two in one transaction, and which refuse a tenant that is not the transaction's own.
 */
export class Work1763694000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(guard);
    await runner.query(enqueue);
    await runner.query(dispatching);
    await runner.query(running);
    await runner.query(deadLetters);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE control.work (
  -- The outbox row's id.
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  queue text NOT NULL CHECK (queue ~ '^[a-z-]{1,40}$'),
  cost smallint NOT NULL DEFAULT 1 CHECK (cost BETWEEN 1 AND 1000),
  -- How often it was begun; the fence of whoever runs it now.
  attempt int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz NOT NULL,
  -- When it was handed to a queue; null while it waits.
  fed_at timestamptz,
  -- When it was given up; it then waits for an operator.
  dead_at timestamptz,
  failure text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX work_waiting ON control.work (queue, tenant_id, due_at, id) WHERE fed_at IS NULL AND dead_at IS NULL;
CREATE INDEX work_fed ON control.work (queue, tenant_id) WHERE fed_at IS NOT NULL;
CREATE INDEX work_dead ON control.work (tenant_id, id) WHERE dead_at IS NOT NULL;
CREATE INDEX work_of_tenant ON control.work (tenant_id, id);
ALTER TABLE control.work ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.work FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.work FOR SELECT TO writ_tenant, writ_tenant_api USING (tenant_id = control.current_tenant());
CREATE POLICY of_owner ON control.work TO writ_owner USING (true) WITH CHECK (true);
GRANT SELECT ON control.work TO writ_tenant, writ_tenant_api;
`;

/** A role of one tenant that names another in \`app.tenant\` is refused too; a gateway serves every tenant. */
const guard = `
CREATE FUNCTION control.require_tenant(_tenant uuid) RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE _role text := current_setting('role');
BEGIN
  IF control.current_tenant() IS DISTINCT FROM _tenant OR (_role LIKE 't\\_%' AND _role <> ledger.schema_of(_tenant)) THEN
    RAISE EXCEPTION 'this transaction belongs to another tenant' USING ERRCODE = '42501';
  END IF;
END $$;
`;

/** A second row of the same id is not stored: whoever derives the id from what is to be done enqueues it once. */
const enqueue = `
CREATE FUNCTION control.enqueue(_tenant uuid, _id uuid, _queue text, _payload jsonb, _delay_ms bigint, _cost int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  _due timestamptz := clock_timestamp() + _delay_ms * interval '1 millisecond';
  _stored int;
BEGIN
  IF session_user <> 'writ_gateway' THEN PERFORM control.require_tenant(_tenant); END IF;
  IF octet_length(_payload::text) > 4194304 THEN RAISE EXCEPTION 'the payload of a job holds at most 4 MiB' USING ERRCODE = '22001'; END IF;
  EXECUTE format('INSERT INTO %I.outbox (tenant_id, id, queue, payload, due_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING',
    ledger.schema_of(_tenant)) USING _tenant, _id, _queue, _payload, _due;
  GET DIAGNOSTICS _stored = ROW_COUNT;
  IF _stored = 0 THEN RETURN false; END IF;
  INSERT INTO control.work (id, tenant_id, queue, cost, due_at) VALUES (_id, _tenant, _queue, _cost, _due);
  RETURN true;
END $$;
`;

/** The first two walk the partial indices tenant by tenant, so a million jobs of one tenant cost as much as one. */
const dispatching = `
CREATE FUNCTION control.tenants_with_work(_queue text, _most int) RETURNS TABLE (tenant_id uuid, waiting int, in_flight int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE t AS (
    (SELECT w.tenant_id FROM control.work w WHERE w.queue = _queue AND w.fed_at IS NULL AND w.dead_at IS NULL ORDER BY w.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT w.tenant_id FROM control.work w WHERE w.queue = _queue AND w.fed_at IS NULL AND w.dead_at IS NULL
      AND w.tenant_id > t.tenant_id ORDER BY w.tenant_id LIMIT 1) FROM t WHERE t.tenant_id IS NOT NULL)
  SELECT t.tenant_id,
    (SELECT count(*)::int FROM (SELECT FROM control.work w WHERE w.queue = _queue AND w.tenant_id = t.tenant_id AND w.fed_at IS NULL
      AND w.dead_at IS NULL AND w.due_at <= clock_timestamp() LIMIT _most) d),
    (SELECT count(*)::int FROM control.work w WHERE w.queue = _queue AND w.tenant_id = t.tenant_id AND w.fed_at IS NOT NULL)
  FROM t WHERE t.tenant_id IS NOT NULL
$$;

CREATE FUNCTION control.queues_with_work() RETURNS TABLE (queue text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE q AS (
    (SELECT w.queue FROM control.work w WHERE w.fed_at IS NULL AND w.dead_at IS NULL ORDER BY w.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT w.queue FROM control.work w WHERE w.fed_at IS NULL AND w.dead_at IS NULL AND w.queue > q.queue ORDER BY w.queue LIMIT 1)
    FROM q WHERE q.queue IS NOT NULL)
  SELECT q.queue FROM q WHERE q.queue IS NOT NULL
$$;

CREATE FUNCTION control.in_flight(_queue text) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*)::int FROM control.work w WHERE w.queue = _queue AND w.fed_at IS NOT NULL
$$;

CREATE FUNCTION control.take_work(_queue text, _tenants uuid[], _budgets int[], _mosts int[])
RETURNS TABLE (tenant_id uuid, id uuid, attempt int, cost smallint, waited_ms double precision)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE control.work w SET fed_at = clock_timestamp() FROM (
    SELECT c.id FROM unnest(_tenants, _budgets, _mosts) t(tenant_id, budget, most) CROSS JOIN LATERAL (
      SELECT x.id, sum(x.cost) OVER (ORDER BY x.due_at, x.id) AS spent FROM (
        SELECT y.id, y.due_at, y.cost FROM control.work y WHERE y.queue = _queue AND y.tenant_id = t.tenant_id AND y.fed_at IS NULL
          AND y.dead_at IS NULL AND y.due_at <= clock_timestamp() ORDER BY y.due_at, y.id LIMIT t.most FOR UPDATE SKIP LOCKED) x) c
    WHERE c.spent <= t.budget) p
  WHERE w.id = p.id
  RETURNING w.tenant_id, w.id, w.attempt, w.cost, extract(epoch FROM clock_timestamp() - w.due_at)::double precision * 1000
$$;

CREATE FUNCTION control.fed_work(_queue text, _for_ms int, _limit int) RETURNS TABLE (id uuid, attempt int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.id, w.attempt FROM control.work w WHERE w.queue = _queue AND w.fed_at < clock_timestamp() - _for_ms * interval '1 millisecond' LIMIT _limit
$$;

-- Back to waiting, unless it was begun meanwhile.
CREATE FUNCTION control.unfeed_work(_ids uuid[], _attempts int[]) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH back AS (UPDATE control.work w SET fed_at = NULL FROM unnest(_ids, _attempts) g(id, attempt)
    WHERE w.id = g.id AND w.attempt = g.attempt AND w.fed_at IS NOT NULL RETURNING 1)
  SELECT count(*)::int FROM back
$$;

CREATE FUNCTION control.tenant_of_work(_id uuid, _queue text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.tenant_id FROM control.work w WHERE w.id = _id AND w.queue = _queue
$$;

CREATE FUNCTION control.work_depths() RETURNS TABLE (queue text, waiting int, in_flight int, dead int, oldest_ms double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.queue, count(*) FILTER (WHERE w.fed_at IS NULL AND w.dead_at IS NULL)::int, count(*) FILTER (WHERE w.fed_at IS NOT NULL)::int,
    count(*) FILTER (WHERE w.dead_at IS NOT NULL)::int,
    coalesce(extract(epoch FROM max(clock_timestamp() - w.due_at) FILTER (WHERE w.fed_at IS NULL AND w.dead_at IS NULL AND w.due_at <= clock_timestamp())), 0)::double precision * 1000
  FROM control.work w GROUP BY w.queue
$$;
`;

/**
 * A run counts from the moment it begins, so a job that kills its worker is given up like one that fails. The attempt is
 * the fence: whoever was overtaken can neither finish nor fail it, and what it did in that transaction is undone.
 */
const running = `
CREATE FUNCTION control.begin_work(_tenant uuid, _id uuid, _most int)
RETURNS TABLE (queue text, payload jsonb, attempt int, is_given_up boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _schema text := ledger.schema_of(_tenant); _attempt int;
BEGIN
  PERFORM control.require_tenant(_tenant);
  PERFORM FROM control.work w WHERE w.id = _id AND w.tenant_id = _tenant AND w.dead_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  EXECUTE format('SELECT attempts FROM %I.outbox WHERE id = $1 AND done_at IS NULL', _schema) INTO _attempt USING _id;
  IF _attempt IS NULL THEN DELETE FROM control.work w WHERE w.id = _id; RETURN; END IF;
  IF _attempt >= _most THEN
    PERFORM control.give_up_work(_tenant, _id, coalesce((SELECT w.failure FROM control.work w WHERE w.id = _id), 'its worker ended in the middle, each time'));
    RETURN QUERY SELECT NULL::text, NULL::jsonb, _attempt, true;
    RETURN;
  END IF;
  UPDATE control.work w SET attempt = _attempt + 1, fed_at = clock_timestamp() WHERE w.id = _id;
  RETURN QUERY EXECUTE format('UPDATE %I.outbox SET attempts = attempts + 1 WHERE id = $1 RETURNING queue, payload, attempts, false', _schema) USING _id;
END $$;

CREATE FUNCTION control.give_up_work(_tenant uuid, _id uuid, _failure text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('UPDATE %I.outbox SET failure = $2, due_at = ''infinity'' WHERE id = $1', ledger.schema_of(_tenant)) USING _id, _failure;
  UPDATE control.work w SET dead_at = clock_timestamp(), fed_at = NULL, failure = _failure WHERE w.id = _id;
END $$;

CREATE FUNCTION control.finish_work(_tenant uuid, _id uuid, _attempt int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _found int;
BEGIN
  PERFORM control.require_tenant(_tenant);
  EXECUTE format('UPDATE %I.outbox SET done_at = clock_timestamp(), failure = NULL WHERE id = $1 AND attempts = $2 AND done_at IS NULL', ledger.schema_of(_tenant))
    USING _id, _attempt;
  GET DIAGNOSTICS _found = ROW_COUNT;
  IF _found = 0 THEN RAISE EXCEPTION 'another run of this job has overtaken this one' USING ERRCODE = 'WW001'; END IF;
  DELETE FROM control.work w WHERE w.id = _id;
  RETURN true;
END $$;

-- Answers whether it was given up.
CREATE FUNCTION control.fail_work(_tenant uuid, _id uuid, _attempt int, _failure text, _most int, _delay_ms bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _due timestamptz := clock_timestamp() + _delay_ms * interval '1 millisecond'; _found int;
BEGIN
  PERFORM control.require_tenant(_tenant);
  EXECUTE format('UPDATE %I.outbox SET failure = $3, due_at = $4 WHERE id = $1 AND attempts = $2 AND done_at IS NULL', ledger.schema_of(_tenant))
    USING _id, _attempt, _failure, _due;
  GET DIAGNOSTICS _found = ROW_COUNT;
  IF _found = 0 THEN RETURN false; END IF;
  IF _attempt >= _most THEN PERFORM control.give_up_work(_tenant, _id, _failure); RETURN true; END IF;
  UPDATE control.work w SET fed_at = NULL, due_at = _due, failure = _failure WHERE w.id = _id;
  RETURN false;
END $$;

-- What was done a while ago is not needed to tell a second time any more.
CREATE FUNCTION control.forget_work(_tenant uuid, _days int, _limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _gone int;
BEGIN
  PERFORM control.require_tenant(_tenant);
  EXECUTE format('DELETE FROM %1$I.outbox WHERE id IN (SELECT id FROM %1$I.outbox WHERE done_at < clock_timestamp() - make_interval(days => $1) LIMIT $2)', ledger.schema_of(_tenant))
    USING _days, _limit;
  GET DIAGNOSTICS _gone = ROW_COUNT;
  RETURN _gone;
END $$;
`;

const deadLetters = `
CREATE FUNCTION control.retry_work(_tenant uuid, _id uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  UPDATE control.work w SET dead_at = NULL, due_at = clock_timestamp(), attempt = 0, fed_at = NULL WHERE w.id = _id AND w.tenant_id = _tenant AND w.dead_at IS NOT NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  EXECUTE format('UPDATE %I.outbox SET attempts = 0, due_at = clock_timestamp() WHERE id = $1', ledger.schema_of(_tenant)) USING _id;
  RETURN true;
END $$;

CREATE FUNCTION control.dismiss_work(_tenant uuid, _id uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  DELETE FROM control.work w WHERE w.id = _id AND w.tenant_id = _tenant AND w.dead_at IS NOT NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  EXECUTE format('UPDATE %I.outbox SET done_at = clock_timestamp() WHERE id = $1', ledger.schema_of(_tenant)) USING _id;
  RETURN true;
END $$;
`;

const grants = `
GRANT EXECUTE ON FUNCTION control.require_tenant(uuid), control.give_up_work(uuid, uuid, text) TO writ_owner;
GRANT EXECUTE ON FUNCTION control.enqueue(uuid, uuid, text, jsonb, bigint, int) TO writ_tenant, writ_tenant_api, writ_gateway;
GRANT EXECUTE ON FUNCTION control.begin_work(uuid, uuid, int), control.finish_work(uuid, uuid, int),
  control.fail_work(uuid, uuid, int, text, int, bigint), control.forget_work(uuid, int, int) TO writ_tenant;
GRANT EXECUTE ON FUNCTION control.retry_work(uuid, uuid), control.dismiss_work(uuid, uuid) TO writ_tenant, writ_tenant_api;
GRANT EXECUTE ON FUNCTION control.queues_with_work(), control.tenants_with_work(text, int), control.in_flight(text), control.take_work(text, uuid[], int[], int[]),
  control.fed_work(text, int, int), control.unfeed_work(uuid[], int[]), control.tenant_of_work(uuid, text), control.work_depths() TO writ_worker;
`;
