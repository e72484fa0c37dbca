import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';

/** What the bootstrap issuer's OpenID provider remembers, and the passkeys of those who sign in there. Of the platform, as sign-ups are. */
export class BootstrapProvider1792000000201 implements MigrationInterface {
  readonly name = 'BootstrapProvider1792000000201';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE control.issuer_state (
  model text NOT NULL, id text NOT NULL, payload jsonb NOT NULL, grant_id text, uid text, user_code text,
  expires_at timestamptz NOT NULL, PRIMARY KEY (model, id)
);
CREATE INDEX issuer_state_grant ON control.issuer_state (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX issuer_state_uid ON control.issuer_state (model, uid) WHERE uid IS NOT NULL;
CREATE INDEX issuer_state_user_code ON control.issuer_state (model, user_code) WHERE user_code IS NOT NULL;
CREATE INDEX issuer_state_end ON control.issuer_state (expires_at);
CREATE TABLE control.passkey (
  id text NOT NULL PRIMARY KEY, email text NOT NULL, public_key text NOT NULL, counter bigint NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX passkey_email ON control.passkey (email);
GRANT SELECT, INSERT, UPDATE, DELETE ON control.issuer_state, control.passkey TO writ_tenant_api;`);
  }

  down(): Promise<void> {
    return neverDown();
  }
}
