import { Client } from 'pg';
import { DataSource, type MixedList, type MigrationInterface } from 'typeorm';
import { migrations } from './migrations/index.js';
import { type Login, logins } from './plane.js';
import { roleMakers } from './role-makers.js';
import { type TenantMigration, tenantMigrations } from './tenant-migrations/index.js';
import { type TenantMigrationOptions, TenantMigrationsIncomplete, migrateTenants } from './tenant-migrations/run.js';

/** One password per login, from the caller: this lib keeps none. */
export type Passwords = Readonly<Record<Login, string>>;

/**
 * Makes or renews roles and logins, runs the migrations that are missing, then brings every tenant's schema to every
 * version. `adminUrl` is a role that may create roles, used here alone. Two at once wait for each other; a second run
 * changes nothing. Throws `TenantMigrationsIncomplete` when a tenant's schema could not be changed; all others were.
 */
export async function migrate(
  adminUrl: string,
  passwords: Passwords,
  more: readonly (new () => MigrationInterface)[] = [],
  ofTenants: TenantMigrationOptions & {
    readonly list?: readonly TenantMigration[];
    /** Stops behind the migration of this name: the database as an older release leaves it. */
    readonly upTo?: string;
  } = {},
): Promise<void> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`SELECT pg_advisory_lock(hashtextextended('writ.migrate', 0))`);
    await admin.query(roles);
    for (const login of logins) {
      const { rows } = await admin.query<{ statement: string }>(
        `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text) AS statement`,
        [login, passwords[login]],
      );
      await admin.query(rows[0]?.statement ?? '');
    }
    await runMigrations(adminUrl, [...until(ofTenants.upTo), ...more]);
    if (ofTenants.upTo !== undefined) return;
    const report = await migrateTenants(adminUrl, ofTenants.list ?? tenantMigrations, ofTenants);
    if (report.failures.length > 0) throw new TenantMigrationsIncomplete(report);
  } finally {
    await admin.end();
  }
}

function until(name: string | undefined): readonly (new () => MigrationInterface)[] {
  const end = name === undefined ? migrations.length : migrations.findIndex((each) => each.name === name) + 1;
  if (end === 0) throw new Error(`there is no migration ${String(name)}`);
  return migrations.slice(0, end);
}

/** The whole session acts as `writ_owner`, so that everything made belongs to a role that nobody can log in as. */
async function runMigrations(adminUrl: string, list: MixedList<new () => MigrationInterface>): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url: adminUrl,
    schema: 'control',
    migrations: list,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    logging: false,
    installExtensions: false,
    extra: { options: '-c role=writ_owner -c search_path=pg_catalog,pg_temp', max: 2 },
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

const roles = `
DO $$
DECLARE
  _role text;
BEGIN
  FOREACH _role IN ARRAY ARRAY['writ_owner', 'writ_pruner', 'writ_tenant', 'writ_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', _role); END IF;
  END LOOP;
  ALTER ROLE writ_owner CREATEROLE;
  GRANT writ_tenant, writ_reader TO writ_owner WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
  GRANT writ_pruner TO writ_owner WITH INHERIT FALSE, SET TRUE;
  FOREACH _role IN ARRAY ARRAY[${roleMakers.map((maker) => `'${maker}'`).join(', ')}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role) THEN EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', _role); END IF;
    EXECUTE format('GRANT writ_tenant, writ_reader TO %I WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', _role);
    EXECUTE format('GRANT %I TO writ_owner WITH INHERIT FALSE, SET TRUE', _role);
  END LOOP;
  FOREACH _role IN ARRAY ARRAY[${logins.map((login) => `'${login}'`).join(', ')}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role) THEN EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', _role); END IF;
    EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog', _role);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), _role);
  END LOOP;
  -- A transaction that its process forgot must not hold locks and snapshots for ever. An export streams to a caller.
  ALTER ROLE writ_gateway SET idle_in_transaction_session_timeout = '10s';
  ALTER ROLE writ_sequencer SET idle_in_transaction_session_timeout = '30s';
  ALTER ROLE writ_tenant_api SET idle_in_transaction_session_timeout = '60s';
  ALTER ROLE writ_worker SET idle_in_transaction_session_timeout = '10min';
  ALTER ROLE writ_exporter SET idle_in_transaction_session_timeout = '10min';
  ALTER ROLE writ_exporter SET default_transaction_read_only = on;
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CREATE ON DATABASE %I TO writ_owner', current_database());
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  -- Else every later SECURITY DEFINER function would be public.
  ALTER DEFAULT PRIVILEGES FOR ROLE writ_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  CREATE SCHEMA IF NOT EXISTS control AUTHORIZATION writ_owner;
  -- Of BullMQ, where it runs on Postgres: its login owns this schema and may touch nothing else. BullMQ says CREATE SCHEMA
  -- IF NOT EXISTS at each start, which asks for the right to create one even when it exists, and adds in bulk by a temporary table.
  EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO writ_queue', current_database());
  CREATE SCHEMA IF NOT EXISTS bullmq AUTHORIZATION writ_queue;
END $$;
`;
