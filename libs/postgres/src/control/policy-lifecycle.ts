import type { MigrationInterface, QueryRunner } from 'typeorm';

const columns = `
-- The owner is bound by row-level security too, and would see no row to bring up to date.
ALTER TABLE control.policy_version NO FORCE ROW LEVEL SECURITY;
ALTER TABLE control.policy_version ADD COLUMN source_hash text, ADD COLUMN parent_hash text, ADD COLUMN authors jsonb, ADD COLUMN report jsonb,
  ADD COLUMN approver text, ADD COLUMN ticked jsonb, ADD COLUMN shadow boolean, ADD COLUMN rollback_of integer;
DROP TRIGGER keep_published ON control.policy_version;
DROP FUNCTION control.keep_published();
UPDATE control.policy_version SET authors = jsonb_build_array(author), ticked = '[]', shadow = false,
  source_hash = 'sha256:' || encode(sha256(convert_to(source, 'UTF8')), 'hex');
ALTER TABLE control.policy_version ALTER COLUMN source_hash SET NOT NULL, ALTER COLUMN authors SET NOT NULL, ALTER COLUMN ticked SET NOT NULL,
  ALTER COLUMN shadow SET NOT NULL,
  ADD CONSTRAINT known_state CHECK (state IN ('draft', 'validated', 'submitted', 'approved', 'published', 'superseded')),
  ADD CONSTRAINT author_among_authors CHECK (authors @> jsonb_build_array(author)),
  ADD CONSTRAINT second_person CHECK (approver IS NULL OR NOT authors @> jsonb_build_array(approver));
ALTER TABLE control.policy_version FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX policy_on_trial ON control.policy_version (tenant_id) WHERE shadow;`;

/**
 * The lifecycle as the database sees it, whatever the code above it does: versions go forward step by step, an edit goes
 * back to draft and forgets every check and approval, what was published never changes, an approval is another
 * person's and ticks every loosening, and a tenant that asks for two people publishes nothing without one.
 */
const guard = `
CREATE FUNCTION control.guard_policy_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  _needs_approval boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' OR NEW.approver IS NOT NULL OR NEW.publisher IS NOT NULL OR NEW.report IS NOT NULL THEN
      RAISE EXCEPTION 'a policy version begins as a draft' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.tenant_id, NEW.number, NEW.rollback_of) IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.number, OLD.rollback_of) THEN
    RAISE EXCEPTION 'what a policy version is called never changes' USING ERRCODE = '42501';
  END IF;
  IF (NEW.source, NEW.hash, NEW.source_hash, NEW.parent_hash, NEW.author, NEW.authors)
     IS DISTINCT FROM (OLD.source, OLD.hash, OLD.source_hash, OLD.parent_hash, OLD.author, OLD.authors) THEN
    IF OLD.state IN ('published', 'superseded') THEN
      RAISE EXCEPTION 'a published policy version never changes' USING ERRCODE = '42501';
    END IF;
    IF NEW.state <> 'draft' OR NEW.report IS NOT NULL OR NEW.shadow THEN
      RAISE EXCEPTION 'an edited policy version is a draft again' USING ERRCODE = '42501';
    END IF;
    IF NOT NEW.authors @> OLD.authors THEN
      RAISE EXCEPTION 'an author of a policy version is never forgotten' USING ERRCODE = '42501';
    END IF;
  END IF;
  IF NEW.report IS DISTINCT FROM OLD.report AND NEW.state NOT IN ('draft', 'validated') THEN
    RAISE EXCEPTION 'a policy version is checked before it is submitted' USING ERRCODE = '42501';
  END IF;
  IF NEW.state IN ('draft', 'validated', 'submitted') AND (NEW.approver IS NOT NULL OR NEW.ticked <> '[]'::jsonb) THEN
    RAISE EXCEPTION 'only an approved policy version has an approver' USING ERRCODE = '42501';
  END IF;
  IF OLD.state IN ('approved', 'published', 'superseded') AND NEW.state <> 'draft'
     AND (NEW.approver, NEW.ticked) IS DISTINCT FROM (OLD.approver, OLD.ticked) THEN
    RAISE EXCEPTION 'an approval never changes' USING ERRCODE = '42501';
  END IF;
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY['draft>validated', 'validated>draft', 'submitted>draft', 'approved>draft',
    'validated>submitted', 'submitted>approved', 'validated>published', 'approved>published', 'published>superseded']) THEN
    RAISE EXCEPTION 'a policy version does not go from % to %', OLD.state, NEW.state USING ERRCODE = '42501';
  END IF;
  IF NEW.state = 'validated' AND (NEW.report ->> 'passed', NEW.report ->> 'hash') IS DISTINCT FROM ('true', NEW.hash) THEN
    RAISE EXCEPTION 'a policy version is validated by a check that it passed' USING ERRCODE = '42501';
  END IF;
  IF NEW.state = 'approved' AND (NEW.approver IS NULL OR EXISTS (
       SELECT 1 FROM jsonb_array_elements(NEW.report -> 'loosenings') l WHERE NOT NEW.ticked @> jsonb_build_array(l -> 'id'))) THEN
    RAISE EXCEPTION 'an approval names its approver and ticks every loosening' USING ERRCODE = '42501';
  END IF;
  IF NEW.state = 'published' THEN
    SELECT policy_approval INTO _needs_approval FROM control.tenant WHERE id = NEW.tenant_id;
    IF NEW.publisher IS NULL OR (OLD.state <> 'approved' AND coalesce(_needs_approval, true)) THEN
      RAISE EXCEPTION 'this tenant publishes what a second person approved' USING ERRCODE = '42501';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_policy_version BEFORE INSERT OR UPDATE ON control.policy_version FOR EACH ROW EXECUTE FUNCTION control.guard_policy_version();
ALTER TABLE control.policy_version ENABLE ALWAYS TRIGGER guard_policy_version;`;

export class PolicyLifecycle1792000000500 implements MigrationInterface {
  readonly name = 'PolicyLifecycle1792000000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(columns);
    await runner.query(guard);
  }

  async down(): Promise<void> {
    throw new Error('the control schema is never dropped; restore a backup instead');
  }
}
