import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a text compiles to, beside it, and what it is complained of while it does not compile. Both change with a draft and
 * never after: whoever may write rows cannot put another image under a text that was approved.
 */
const statements = `
ALTER TABLE control.policy_version ADD COLUMN image text, ADD COLUMN diagnostics jsonb NOT NULL DEFAULT '[]';
ALTER TABLE control.policy_version ADD CONSTRAINT only_drafts_do_not_compile CHECK (hash <> '' OR (state = 'draft' AND NOT shadow AND image IS NULL));
CREATE FUNCTION control.guard_policy_image() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF (NEW.image, NEW.diagnostics) IS DISTINCT FROM (OLD.image, OLD.diagnostics)
     AND (NEW.state <> 'draft' OR OLD.state IN ('published', 'superseded')) THEN
    RAISE EXCEPTION 'the image of a policy version changes with its draft only' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_policy_image BEFORE UPDATE ON control.policy_version FOR EACH ROW EXECUTE FUNCTION control.guard_policy_image();
ALTER TABLE control.policy_version ENABLE ALWAYS TRIGGER guard_policy_image;`;

export class PolicyImages1792000000740 implements MigrationInterface {
  readonly name = 'PolicyImages1792000000740';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(statements);
  }

  async down(): Promise<void> {
    throw new Error('the control schema is never dropped; restore a backup instead');
  }
}
