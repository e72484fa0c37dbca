import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BootstrapProvider1792000000201 } from './bootstrap-provider.migration.js';
import { ExportSelection1792000000830 } from './export-selection.migration.js';
import { PolicyImages1792000000740 } from './policy-images.migration.js';
import { PolicyLifecycle1792000000500 } from './policy-lifecycle.js';
import { BreakGlass1792000000850 } from './break-glass.migration.js';
import { DeparturesInOrder1792000000773 } from './departures-in-order.migration.js';
import { Departures1792000000770 } from './departures.migration.js';
import { Offboarding1792000000202 } from './offboarding.migration.js';
import { DirectoryGroups1792000000200 } from './directory-groups.migration.js';
import { TaxonomyTrial1792000000860 } from './taxonomy-trial.migration.js';
import { TermUploads1792000000600 } from './term-uploads.migration.js';
import { Prices1792000000300 } from './300-prices.js';
import { PriceDates1792000000301 } from './301-price-dates.js';

const row = `
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`;
const named = `${row},
  name text NOT NULL`;

/** Every table whose rows belong to one tenant, with its columns beside those of `row` or `named`. */
const tenantTables: Readonly<Record<string, string>> = {
  tenant: `${named}, region text NOT NULL, state text NOT NULL, origin text NOT NULL, keep text NOT NULL,
    evidence_level text NOT NULL, dispatch_classes jsonb NOT NULL, wrapped_hmac_key text NOT NULL,
    wrapped_content_key text NOT NULL, federated_at timestamptz, snapshot_version integer NOT NULL DEFAULT 0, policy_approval boolean NOT NULL DEFAULT false,
    CHECK (id = tenant_id), CHECK (state IN ('active', 'suspended')), UNIQUE (origin)`,
  recovery_code: `${row}, code_hash text NOT NULL UNIQUE, used_at timestamptz, expires_at timestamptz NOT NULL`,
  domain: `${named}, challenge text NOT NULL, verified_at timestamptz, UNIQUE (tenant_id, name)`,
  identity_provider: `${named}, kind text NOT NULL, issuer text NOT NULL, audiences jsonb NOT NULL, jwks_uri text,
    introspection_uri text, algorithms jsonb NOT NULL, bound_claims jsonb NOT NULL, accept_id_tokens boolean NOT NULL,
    max_lifetime_seconds integer NOT NULL, skew_seconds integer NOT NULL, subject_kind text NOT NULL,
    role_mappings jsonb NOT NULL, claims jsonb NOT NULL, settings jsonb NOT NULL, enabled boolean NOT NULL,
    tested_at timestamptz, UNIQUE (tenant_id, name)`,
  member: `${row}, identity_provider_id uuid NOT NULL REFERENCES control.identity_provider, subject text NOT NULL,
    email text, roles jsonb NOT NULL, active boolean NOT NULL, user_name text, external_id text,
    UNIQUE (tenant_id, identity_provider_id, subject), UNIQUE (tenant_id, identity_provider_id, user_name)`,
  scim_token: `${row}, identity_provider_id uuid NOT NULL REFERENCES control.identity_provider, sha256 text NOT NULL UNIQUE,
    last_four text NOT NULL, UNIQUE (tenant_id, identity_provider_id)`,
  app: `${named}, kind text NOT NULL, roles jsonb NOT NULL, UNIQUE (tenant_id, name)`,
  app_key: `${row}, app_id uuid NOT NULL REFERENCES control.app, sha256 text NOT NULL UNIQUE, prefix text NOT NULL,
    last_four text NOT NULL, expires_at timestamptz, revoked_at timestamptz`,
  provider_credential: `${named}, provider text NOT NULL, sealed text NOT NULL, fingerprint text NOT NULL,
    last_four text NOT NULL, UNIQUE (tenant_id, name)`,
  endpoint: `${named}, provider text NOT NULL, base_url text NOT NULL, region text NOT NULL, residency text NOT NULL,
    zero_retention boolean NOT NULL, self_hosted boolean NOT NULL, cost_class integer NOT NULL,
    max_classification integer NOT NULL, models jsonb NOT NULL, credential_ids jsonb NOT NULL, settings jsonb NOT NULL,
    retired_at timestamptz, UNIQUE (tenant_id, name)`,
  assurance: `${named}, endpoint_id uuid NOT NULL REFERENCES control.endpoint, valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL, document text, CHECK (valid_until > valid_from)`,
  endpoint_set: `${named}, endpoint_ids jsonb NOT NULL, UNIQUE (tenant_id, name)`,
  alias: `${named}, strategy text NOT NULL, candidates jsonb NOT NULL, UNIQUE (tenant_id, name)`,
  budget: `${named}, scope text NOT NULL, match text, period text NOT NULL, limit_micros numeric NOT NULL,
    hard boolean NOT NULL, UNIQUE (tenant_id, name), CHECK (limit_micros >= 0)`,
  limit_rule: `${named}, scope text NOT NULL, match text, requests_per_minute integer, tokens_per_minute integer,
    concurrency integer, UNIQUE (tenant_id, name)`,
  price: `${row}, endpoint text NOT NULL, model text NOT NULL, input_micros_per_million numeric NOT NULL,
    output_micros_per_million numeric NOT NULL, UNIQUE (tenant_id, endpoint, model),
    CHECK (input_micros_per_million >= 0 AND output_micros_per_million >= 0)`,
  policy_version: `${row}, number integer NOT NULL, source text NOT NULL, hash text NOT NULL, state text NOT NULL,
    author text NOT NULL, publisher text, published_at timestamptz, UNIQUE (tenant_id, number)`,
  taxonomy: `${row}, source jsonb NOT NULL, UNIQUE (tenant_id)`,
  approval: `${row}, kind text NOT NULL, subject jsonb NOT NULL, subject_hash text NOT NULL, requested_by text NOT NULL,
    state text NOT NULL, decided_by text, decided_at timestamptz, reason text, expires_at timestamptz NOT NULL,
    CONSTRAINT second_person CHECK (decided_by IS NULL OR decided_by <> requested_by),
    CONSTRAINT decided_by_someone CHECK ((state IN ('pending', 'expired')) OR decided_by IS NOT NULL)`,
  evidence_export: `${row}, purpose text NOT NULL, "from" timestamptz NOT NULL, "to" timestamptz NOT NULL,
    state text NOT NULL, requested_by text NOT NULL, location text`,
  change: `${row}, event text NOT NULL, actor text NOT NULL, fields jsonb NOT NULL, record_id uuid NOT NULL`,
  idempotency: `tenant_id uuid NOT NULL, caller text NOT NULL, key text NOT NULL, request_hash text NOT NULL,
    answer jsonb, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, caller, key)`,
};

/** Rows that belong to the platform until a tenant exists. */
const platformTables: Readonly<Record<string, string>> = {
  sign_up: `id uuid NOT NULL PRIMARY KEY, email text NOT NULL, code_hash text NOT NULL, attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, verified_at timestamptz, tenant_id uuid`,
  platform_key: `purpose text NOT NULL PRIMARY KEY, kid text NOT NULL, public_jwk jsonb NOT NULL,
    wrapped_private text NOT NULL, created_at timestamptz NOT NULL`,
  connection_key: `issuer text NOT NULL, audience text NOT NULL, bound jsonb NOT NULL, tenant_id uuid NOT NULL,
    identity_provider_id uuid NOT NULL, is_proven boolean NOT NULL, PRIMARY KEY (issuer, audience, bound, identity_provider_id)`,
};

/** The last two: administrators are verified like everyone else, by what is published. */
const functionGrants = [
  'claim_connection_key(text, text, jsonb, uuid, boolean)',
  'release_connection_keys(uuid)',
  'find_scim_token(text)',
  'find_issuer(text)',
  'find_app_key(text)',
] as const;

/** What the tenant API's login may do with a table beyond SELECT and INSERT. The change log is append-only. */
const grants: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...Object.keys(tenantTables), 'sign_up'].map((name) => [name, 'SELECT, INSERT, UPDATE, DELETE']),
  ),
  tenant: 'SELECT, INSERT, UPDATE',
  endpoint: 'SELECT, INSERT, UPDATE',
  policy_version: 'SELECT, INSERT, UPDATE',
  approval: 'SELECT, INSERT, UPDATE',
  change: 'SELECT, INSERT',
  platform_key: 'SELECT, INSERT',
};

/**
 * Who speaks for (issuer, audience, bound claims) is a question across tenants, so no login reads the table: it asks the
 * two functions. Two keys overlap unless they bind one claim to different values. An overlap with a proven key, one whose
 * tenant showed a real token, is refused whoever holds it; a claim that nobody proved keeps nobody out.
 */
const connectionKeys = `
CREATE FUNCTION control.claim_connection_key(_issuer text, _audience text, _bound jsonb, _provider uuid, _is_proven boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE _tenant uuid := NULLIF(current_setting('app.tenant', true), '')::uuid;
BEGIN
  IF _tenant IS NULL THEN RAISE EXCEPTION 'no tenant in this transaction' USING ERRCODE = '42501'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(_issuer, 7));
  IF EXISTS (SELECT 1 FROM control.connection_key k WHERE k.issuer = _issuer AND k.audience = _audience
     AND k.identity_provider_id <> _provider AND k.is_proven
     AND NOT EXISTS (SELECT 1 FROM jsonb_each(k.bound) held JOIN jsonb_each(_bound) wanted USING (key)
                     WHERE held.value <> wanted.value)) THEN
    RETURN false;
  END IF;
  INSERT INTO control.connection_key AS k (issuer, audience, bound, tenant_id, identity_provider_id, is_proven)
  VALUES (_issuer, _audience, _bound, _tenant, _provider, _is_proven)
  ON CONFLICT (issuer, audience, bound, identity_provider_id) DO UPDATE SET is_proven = k.is_proven OR _is_proven
  WHERE k.tenant_id = _tenant;
  RETURN true;
END $$;
CREATE FUNCTION control.release_connection_keys(_provider uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM control.connection_key WHERE identity_provider_id = _provider
     AND tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid $$;
-- Whose a SCIM token is, is asked before a tenant is known; row-level security binds the owner too, but for this policy.
CREATE POLICY of_owner ON control.scim_token TO writ_owner USING (true);
CREATE FUNCTION control.find_scim_token(_sha256 text) RETURNS TABLE (tenant_id uuid, identity_provider_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT t.tenant_id, t.identity_provider_id FROM control.scim_token t WHERE t.sha256 = _sha256 $$;
REVOKE ALL ON FUNCTION control.find_scim_token(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION control.claim_connection_key(text, text, jsonb, uuid, boolean), control.release_connection_keys(uuid) FROM PUBLIC;`;

const published = `
CREATE FUNCTION control.keep_published() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.state <> 'draft' AND (NEW.source, NEW.hash, NEW.number, NEW.author)
     IS DISTINCT FROM (OLD.source, OLD.hash, OLD.number, OLD.author) THEN
    RAISE EXCEPTION 'a published policy version never changes' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_published BEFORE UPDATE ON control.policy_version FOR EACH ROW EXECUTE FUNCTION control.keep_published();`;

/**
 * The whole control schema. Each tenant table has row-level security that binds its owner too, keyed on the transaction's
 * `app.tenant`: a statement that forgot its WHERE sees nothing of another tenant.
 */
export class ControlSchema1792000000000 implements MigrationInterface {
  readonly name = 'ControlSchema1792000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [name, columns] of Object.entries(platformTables)) {
      await runner.query(`CREATE TABLE control."${name}" (${columns})`);
    }
    for (const [name, columns] of Object.entries(tenantTables)) {
      await runner.query(`CREATE TABLE control."${name}" (${columns})`);
      await runner.query(`ALTER TABLE control."${name}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
      await runner.query(`CREATE POLICY own_tenant ON control."${name}"
        USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)
        WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)`);
    }
    await runner.query(`CREATE UNIQUE INDEX domain_verified ON control.domain (name) WHERE verified_at IS NOT NULL`);
    await runner.query(
      `CREATE UNIQUE INDEX policy_published ON control.policy_version (tenant_id) WHERE state = 'published'`,
    );
    await runner.query(`CREATE INDEX change_by_time ON control.change (tenant_id, created_at)`);
    await runner.query(`CREATE INDEX sign_up_by_email ON control.sign_up (email, created_at)`);
    await runner.query(connectionKeys);
    await runner.query(published);
    for (const [table, rights] of Object.entries(grants)) {
      await runner.query(`GRANT ${rights} ON control."${table}" TO writ_tenant_api`);
    }
    for (const name of functionGrants)
      await runner.query(`GRANT EXECUTE ON FUNCTION control.${name} TO writ_tenant_api`);
  }

  async down(): Promise<void> {
    throw new Error('the control schema is never dropped; restore a backup instead');
  }
}

/** Handed to `migrate` beside its own: they run as `writ_owner` after it made the roles and the schema. */
export const controlMigrations: readonly (new () => MigrationInterface)[] = [
  ControlSchema1792000000000,
  DirectoryGroups1792000000200,
  BootstrapProvider1792000000201,
  Offboarding1792000000202,
  PolicyLifecycle1792000000500,
  TermUploads1792000000600,
  Prices1792000000300,
  PriceDates1792000000301,
  Departures1792000000770,
  ExportSelection1792000000830,
  DeparturesInOrder1792000000773,
  PolicyImages1792000000740,
  BreakGlass1792000000850,
  TaxonomyTrial1792000000860,
];
