import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What the outside said of an epoch, and what proves that an epoch holds a log's head: for gateways that must not answer
 * before witnesses have seen a record, and for exports.
 */
export class Witnessing1763694000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(put);
    await runner.query(read);
    await runner.query(prove);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
-- The heads that an epoch changed, so that a log's head at any epoch is found without reading the epochs between.
CREATE TABLE ledger.epoch_head (
  tenant_id uuid NOT NULL REFERENCES ledger.log,
  number bigint NOT NULL REFERENCES ledger.epoch,
  size bigint NOT NULL CHECK (size >= 0),
  note text NOT NULL,
  PRIMARY KEY (tenant_id, number)
);
-- The leaves of an epoch's tree of heads, in the order of the slots. A copy that proofs are made from; old ones go.
CREATE TABLE ledger.epoch_leaves (
  number bigint PRIMARY KEY REFERENCES ledger.epoch,
  hashes bytea STORAGE EXTERNAL NOT NULL CHECK (octet_length(hashes) % 32 = 0)
);
-- The epoch's checkpoint with the cosignatures of a quorum.
CREATE TABLE ledger.epoch_witness (
  number bigint PRIMARY KEY REFERENCES ledger.epoch,
  note text NOT NULL,
  witnessed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- An RFC 3161 token over the text of the epoch's checkpoint.
CREATE TABLE ledger.epoch_timestamp (
  number bigint PRIMARY KEY REFERENCES ledger.epoch,
  token bytea NOT NULL,
  stamped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
DO $$ DECLARE _table text; BEGIN
  FOREACH _table IN ARRAY ARRAY['epoch_head', 'epoch_witness', 'epoch_timestamp'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%1$I FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
      CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.%1$I EXECUTE FUNCTION ledger.refuse_change();
      ALTER TABLE ledger.%1$I ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;', _table);
  END LOOP;
END $$;
`;

const put = `
CREATE FUNCTION ledger.put_epoch_proof(_number bigint, _tenants uuid[], _sizes bigint[], _notes text[], _hashes bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.epoch_head (tenant_id, number, size, note)
  SELECT t, _number, s, n FROM unnest(_tenants, _sizes, _notes) g(t, s, n);
  INSERT INTO ledger.epoch_leaves (number, hashes) VALUES (_number, _hashes);
  DELETE FROM ledger.epoch_leaves WHERE number BETWEEN _number - 5010 AND _number - 5000;
$$;

CREATE FUNCTION ledger.put_epoch_witness(_number bigint, _note text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.epoch_witness (number, note) VALUES (_number, _note) ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION ledger.put_epoch_timestamp(_number bigint, _token bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.epoch_timestamp (number, token) VALUES (_number, _token) ON CONFLICT DO NOTHING
$$;
`;

const read = `
-- For a witness that stands at an older size: the epochs after it, each with what its leaf is made of.
CREATE FUNCTION ledger.epochs_from(_number bigint) RETURNS TABLE (number bigint, root bytea, frontier bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT e.number, e.root, e.frontier FROM ledger.epoch e WHERE e.number >= _number ORDER BY e.number
$$;

CREATE FUNCTION ledger.outside_proof() RETURNS TABLE (witnessed bigint, stamped bigint, stamped_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT max(number) FROM ledger.epoch_witness), t.number, t.stamped_at
  FROM (SELECT 1) one LEFT JOIN (SELECT * FROM ledger.epoch_timestamp ORDER BY number DESC LIMIT 1) t ON true
$$;
`;

/** A tenant's role asks for its own log only: the answer tells a log's size. A gateway's login asks for any. */
const prove = `
CREATE FUNCTION ledger.epoch_evidence(_tenant uuid, _needs_witness boolean)
RETURNS TABLE (number bigint, slot int, hashes bytea, frontier_before bytea, note text, token bytea, head_size bigint, head_note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE _role text := current_setting('role');
BEGIN
  IF _role <> 'none' AND _role NOT IN (ledger.schema_of(_tenant), ledger.schema_of(_tenant) || '_read') THEN
    RAISE EXCEPTION 'this log is another tenant''s' USING ERRCODE = '42501';
  END IF;
  RETURN QUERY SELECT e.number, l.slot, x.hashes, p.frontier, coalesce(w.note, e.note), t.token, h.size, h.note
    FROM ledger.epoch e
    JOIN ledger.epoch_leaves x ON x.number = e.number
    JOIN ledger.log l ON l.tenant_id = _tenant
    CROSS JOIN LATERAL (SELECT * FROM ledger.epoch_head g WHERE g.tenant_id = _tenant AND g.number <= e.number ORDER BY g.number DESC LIMIT 1) h
    LEFT JOIN ledger.epoch p ON p.number = e.number - 1
    LEFT JOIN ledger.epoch_witness w ON w.number = e.number
    LEFT JOIN ledger.epoch_timestamp t ON t.number = e.number
    WHERE e.number > (SELECT max(m.number) FROM ledger.epoch m) - 1000
      AND (w.number IS NOT NULL OR (NOT _needs_witness AND t.number IS NOT NULL))
    ORDER BY (w.number IS NOT NULL)::int + (NOT _needs_witness AND t.number IS NOT NULL)::int DESC, e.number DESC LIMIT 1;
END $$;

-- The batch of a record, the head that witnesses saw after it, and the leaf hashes between the two.
CREATE FUNCTION ledger.witnessed(_tenant uuid, _record uuid)
RETURNS TABLE (first_idx bigint, size_after bigint, leaf_hashes bytea, frontier bytea, note text, later bytea,
  number bigint, slot int, hashes bytea, frontier_before bytea, epoch_note text, head_note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  _batch record;
  _later bytea;
  _epoch record;
BEGIN
  SELECT * INTO _batch FROM ledger.inclusion(_tenant, _record);
  IF NOT FOUND THEN RETURN; END IF;
  SELECT * INTO _epoch FROM ledger.epoch_evidence(_tenant, true);
  IF NOT FOUND OR _epoch.head_size < _batch.size_after THEN RETURN; END IF;
  EXECUTE format('SELECT coalesce(string_agg(b.leaf_hashes, '''' ORDER BY b.first_idx), '''') FROM %I.batch b
    WHERE b.first_idx >= $1 AND b.size_after <= $2', ledger.schema_of(_tenant)) INTO _later USING _batch.size_after, _epoch.head_size;
  RETURN QUERY SELECT _batch.first_idx, _batch.size_after, _batch.leaf_hashes, _batch.frontier, _batch.note, _later,
    _epoch.number, _epoch.slot, _epoch.hashes, _epoch.frontier_before, _epoch.note, _epoch.head_note;
END $$;
`;

const grants = `
GRANT EXECUTE ON FUNCTION ledger.put_epoch_proof(bigint, uuid[], bigint[], text[], bytea), ledger.put_epoch_witness(bigint, text),
  ledger.put_epoch_timestamp(bigint, bytea), ledger.epochs_from(bigint), ledger.outside_proof() TO writ_sequencer;
GRANT EXECUTE ON FUNCTION ledger.witnessed(uuid, uuid) TO writ_gateway, writ_tenant_api, writ_worker;
GRANT EXECUTE ON FUNCTION ledger.epoch_evidence(uuid, boolean) TO writ_reader;
`;
