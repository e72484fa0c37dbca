import { type TenantId, parseTenantId } from '@writ/domain';
import { Client } from 'pg';
import { sqlState } from '../plane.js';
import type { TenantMigration } from './index.js';

export interface TenantMigrationFailure {
  readonly tenant: TenantId;
  readonly version: number;
  readonly reason: string;
}

export interface TenantMigrationReport {
  /** Versions of tenants applied by this run. */
  readonly applied: number;
  /** At most one for each tenant: its later versions wait for the one that failed. */
  readonly failures: readonly TenantMigrationFailure[];
}

export interface TenantMigrationStep {
  readonly tenant: TenantId;
  readonly version: number;
  /** Tenants that this run is done with, and all it has to do with. */
  readonly done: number;
  readonly tenants: number;
}

export interface TenantMigrationOptions {
  readonly workers?: number;
  readonly lockTimeoutMs?: number;
  /** How often a tenant is tried whose lock another holds; the others go first. */
  readonly attempts?: number;
  /** Only registers the versions; the workers' jobs bring the tenants to them, one after the other. */
  readonly isLeftToWorkers?: boolean;
  readonly onStep?: (step: TenantMigrationStep) => void;
}

interface Pending {
  readonly tenant: TenantId;
  readonly versions: readonly number[];
  readonly attempt: number;
}

/** Every tenant could be brought to every version but these. The others have theirs, and a further run takes up the rest. */
export class TenantMigrationsIncomplete extends Error {
  constructor(readonly report: TenantMigrationReport) {
    const [first] = report.failures;
    super(
      `${report.failures.length} tenants wait for a migration of their schema; the first is ${first?.tenant}, version ${first?.version}: ${first?.reason}`,
    );
  }
}

/**
 * Brings every tenant's schema to every version of `list`. Each tenant and version is one transaction, which also holds
 * the row that says so: a run that is killed at any point is taken up by the next. A tenant that cannot be changed keeps
 * nobody else waiting; it is named in the report and in the database. Throws when a released version was edited.
 */
export async function migrateTenants(
  adminUrl: string,
  list: readonly TenantMigration[],
  options: TenantMigrationOptions = {},
): Promise<TenantMigrationReport> {
  const { workers = 4, lockTimeoutMs = 500, attempts = 5, isLeftToWorkers = false, onStep = () => undefined } = options;
  const queue = await withOwner(adminUrl, async (client) => {
    await register(client, list);
    return isLeftToWorkers ? new Array<Pending>() : pendingOf(client);
  });
  const tenants = queue.length;
  const failures: TenantMigrationFailure[] = [];
  let applied = 0;
  let done = 0;
  const work = async (client: Client): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      // One tenant after another on this connection; the other workers have their own.
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await migrateTenant(client, next, lockTimeoutMs, () => (applied += 1));
      if (outcome?.isLocked === true && next.attempt < attempts) {
        queue.push({ tenant: next.tenant, versions: outcome.left, attempt: next.attempt + 1 });
        continue;
      }
      done += 1;
      if (outcome !== undefined) {
        failures.push(outcome.failure);
        // oxlint-disable-next-line no-await-in-loop
        await recordFailure(client, outcome.failure);
      }
      onStep({ tenant: next.tenant, version: outcome?.failure.version ?? next.versions.at(-1) ?? 0, done, tenants });
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, tenants) }, () => withOwner(adminUrl, work)));
  return { applied, failures };
}

interface Stopped {
  readonly failure: TenantMigrationFailure;
  readonly left: readonly number[];
  readonly isLocked: boolean;
}

async function migrateTenant(
  client: Client,
  { tenant, versions }: Pending,
  lockTimeoutMs: number,
  onApplied: () => void,
): Promise<Stopped | undefined> {
  for (const [at, version] of versions.entries()) {
    try {
      await client.query('BEGIN');
      await client.query(`SELECT set_config('lock_timeout', $1, true)`, [String(lockTimeoutMs)]);
      const { rows } = await client.query<{ applied: boolean }>('SELECT ledger.migrate_tenant($1, $2) AS applied', [
        tenant,
        version,
      ]);
      const { command } = await client.query('COMMIT');
      if (command !== 'COMMIT') throw new Error('the transaction had failed, so it was rolled back');
      if (rows[0]?.applied === true) onApplied();
    } catch (cause) {
      await client.query('ROLLBACK');
      const reason = cause instanceof Error ? cause.message : String(cause);
      const isLocked = waitsForOthers.has(sqlState(cause) ?? '');
      return { failure: { tenant, version, reason }, left: versions.slice(at), isLocked };
    }
  }
  return undefined;
}

/** SQLSTATE: a lock was not to be had in time, a deadlock was broken. */
const waitsForOthers = new Set(['55P03', '40P01']);

async function recordFailure(client: Client, { tenant, version, reason }: TenantMigrationFailure): Promise<void> {
  await client.query(
    `INSERT INTO ledger.tenant_migration_failure (tenant_id, version, reason) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id, version) DO UPDATE SET reason = EXCLUDED.reason, failed_at = clock_timestamp()`,
    [tenant, version, reason],
  );
}

/** Takes the lock of provisioning: whoever is provisioned before is found afterwards, whoever comes later has them all. */
async function register(client: Client, list: readonly TenantMigration[]): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('ledger.provision', 0))`);
    for (const { version, name, statements } of list) {
      await client.query(
        'INSERT INTO ledger.schema_version (version, name, statements) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [version, name, statements],
      );
      const { rows } = await client.query<{ statements: string }>(
        'SELECT statements FROM ledger.schema_version WHERE version = $1',
        [version],
      );
      if (rows[0]?.statements !== statements)
        throw new Error(
          `tenant migration ${version} (${name}) was released with other statements; write a further one`,
        );
    }
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw cause;
  }
}

async function pendingOf(client: Client): Promise<Pending[]> {
  const { rows } = await client.query<{ tenant_id: string; versions: string[] }>(
    `SELECT l.tenant_id, array_agg(v.version::text ORDER BY v.version) AS versions
     FROM ledger.log l CROSS JOIN ledger.schema_version v
     WHERE NOT EXISTS (SELECT FROM ledger.tenant_migration m WHERE m.tenant_id = l.tenant_id AND m.version = v.version)
     GROUP BY l.tenant_id, l.slot ORDER BY l.slot`,
  );
  return rows.map(({ tenant_id, versions }) => {
    const tenant = parseTenantId(tenant_id);
    if (!tenant.ok) throw new Error(tenant.error);
    return { tenant: tenant.value, versions: versions.map(Number), attempt: 1 };
  });
}

/** The whole session acts as `writ_owner`, as for every other migration. */
async function withOwner<T>(adminUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: adminUrl,
    options: '-c role=writ_owner -c search_path=pg_catalog,pg_temp',
    application_name: 'writ-migrate',
  });
  // A connection that breaks fails the statement under way; without a listener the process would end.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export interface TenantMigrationProgress {
  readonly versions: readonly {
    readonly version: number;
    readonly name: string;
    readonly tenants: number;
    readonly applied: number;
    readonly failed: number;
  }[];
  readonly failures: readonly TenantMigrationFailure[];
}

/** How far every version has come, for operators. Reads only; safe at any time, a run under way included. */
export async function tenantMigrationProgress(url: string): Promise<TenantMigrationProgress> {
  const client = new Client({ connectionString: url, application_name: 'writ-migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const versions = await client.query<{
      version: string;
      name: string;
      tenants: string;
      applied: string;
      failed: string;
    }>('SELECT version, name, tenants, applied, failed FROM ledger.migration_progress()');
    const failures = await client.query<{ tenant_id: TenantId; version: string; reason: string }>(
      'SELECT tenant_id, version, reason FROM ledger.migration_failures()',
    );
    return {
      versions: versions.rows.map(({ version, name, tenants, applied, failed }) => ({
        version: Number(version),
        name,
        tenants: Number(tenants),
        applied: Number(applied),
        failed: Number(failed),
      })),
      failures: failures.rows.map(({ tenant_id, version, reason }) => ({
        tenant: tenant_id,
        version: Number(version),
        reason,
      })),
    };
  } finally {
    await client.end();
  }
}
