import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * The way out of an integrity hold, for two people with the administrator's access; no login of the product may call it.
 * What they say stays. A release mends nothing: the auditor and the start-up gate stop the log again while it contradicts
 * what was signed.
 */
export class Release1763694000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(release);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const release = `
CREATE TABLE ledger.integrity_release (
  tenant_id uuid NOT NULL REFERENCES ledger.log,
  held_since timestamptz NOT NULL,
  reason_held text NOT NULL,
  first_person text NOT NULL CHECK (first_person <> ''),
  second_person text NOT NULL CHECK (second_person <> '' AND lower(second_person) <> lower(first_person)),
  reason_released text NOT NULL CHECK (length(reason_released) >= 10),
  released_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, held_since)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.integrity_release FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.integrity_release EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.integrity_release ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;

CREATE FUNCTION ledger.release_integrity_hold(_tenant uuid, _first text, _second text, _reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _hold ledger.integrity_hold;
BEGIN
  DELETE FROM ledger.integrity_hold WHERE tenant_id = _tenant RETURNING * INTO _hold;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO ledger.integrity_release (tenant_id, held_since, reason_held, first_person, second_person, reason_released)
  VALUES (_tenant, _hold.placed_at, _hold.reason, _first, _second, _reason);
  RETURN true;
END $$;
`;
