import { type IdentityConnection, type TenantContext, type TenantId, parseTenantId, tenantOfJob } from '@writ/domain';
import {
  DataSource,
  DefaultNamingStrategy,
  type EntityManager,
  type EntityTarget,
  type FindOptionsWhere,
  type ObjectLiteral,
} from 'typeorm';
import * as breakGlass from './break-glass.entities.js';
import * as catalogue from './catalogue.entities.js';
import * as directory from './directory.entities.js';
import * as identity from './identity.entities.js';
import * as policy from './policy.entities.js';
import type { ControlRow } from './row.js';
import * as tenants from './tenant.entities.js';

/** What the modules above export is entities and nothing else. */
const controlEntities = [breakGlass, catalogue, directory, identity, policy, tenants].flatMap(
  (module): readonly (new () => object)[] => Object.values<new () => object>(module),
);

class SnakeCase extends DefaultNamingStrategy {
  override columnName(property: string, custom: string | undefined): string {
    return custom ?? property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}

export interface ControlSettings {
  readonly url: string;
  /** Connections at most; the administration plane must not starve the ledger. */
  readonly poolSize?: number;
}

function dataSource(settings: ControlSettings): DataSource {
  return new DataSource({
    type: 'postgres',
    url: settings.url,
    schema: 'control',
    entities: controlEntities,
    namingStrategy: new SnakeCase(),
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    logging: false,
    poolSize: settings.poolSize ?? 10,
    applicationName: 'writ-control',
    extra: { maxUses: 5_000, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 5_000 },
  });
}

/** What the entities and the migrated schema disagree on, as SQL; empty when the migration is complete. */
export async function controlDrift(settings: ControlSettings): Promise<readonly string[]> {
  const source = dataSource({ ...settings, poolSize: 1 });
  await source.initialize();
  try {
    const log = await source.driver.createSchemaBuilder().log();
    return log.upQueries.map(({ query }) => query);
  } finally {
    await source.destroy();
  }
}

/** One statement on the transaction's own connection, for rows that are not entities, such as the published snapshot. */
export interface SqlClient {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
}

/** A column that a refused change would have set, as it stands now and as it was sent. */
export interface Difference {
  readonly column: string;
  readonly stands: unknown;
  readonly sent: unknown;
}

export class StaleVersion extends Error {
  constructor(
    readonly current: number,
    /** Empty where the change names no columns, as a removal does. */
    readonly differences: readonly Difference[] = [],
  ) {
    super('the row has changed since the version that the change names');
  }
}

function differencesOf(stands: object | undefined, sent: object): readonly Difference[] {
  if (stands === undefined) return [];
  const now = new Map<string, unknown>(Object.entries(stands));
  return Object.entries(sent)
    .filter(([column, value]) => JSON.stringify(value) !== JSON.stringify(now.get(column)))
    .map(([column, value]) => ({ column, stands: now.get(column), sent: value as unknown }));
}

/** One transaction of one tenant. Every statement names the tenant, and the database checks it again. */
export class ControlTx {
  constructor(
    readonly tenant: TenantContext,
    private readonly manager: EntityManager,
    readonly client: SqlClient,
  ) {}

  get tenantId(): string {
    return this.tenant.tenant;
  }

  /** In order of creation; the last one may be named, for a page. */
  async all<R extends ControlRow>(entity: EntityTarget<R>, where: Partial<R> = {}): Promise<R[]> {
    return this.manager.getRepository<R>(entity).find({
      where: this.own(where),
      order: { createdAt: 'ASC', id: 'ASC' } as never,
    });
  }

  async page<R extends ControlRow>(entity: EntityTarget<R>, first: number, after: string | undefined): Promise<R[]> {
    const query = this.manager
      .getRepository<R>(entity)
      .createQueryBuilder('r')
      .where('r.tenantId = :tenant', { tenant: this.tenantId })
      .orderBy('r.id', 'DESC')
      .take(first);
    if (after !== undefined) query.andWhere('r.id < :after', { after });
    return query.getMany();
  }

  async one<R extends ControlRow>(entity: EntityTarget<R>, where: Partial<R>): Promise<R | undefined> {
    return (await this.manager.getRepository<R>(entity).findOne({ where: this.own(where) })) ?? undefined;
  }

  /** Undefined also for an id that could not be read: it is as unknown as a random one. */
  async byId<R extends ControlRow>(entity: EntityTarget<R>, id: string | undefined): Promise<R | undefined> {
    return id === undefined ? undefined : this.one(entity, { id } as Partial<R>);
  }

  async insert<R extends ObjectLiteral>(
    entity: EntityTarget<R>,
    values: Omit<R, 'tenantId' | 'version' | 'createdAt' | 'updatedAt'>,
  ): Promise<R> {
    const repository = this.manager.getRepository<R>(entity);
    const now = new Date();
    const own = { version: 1, createdAt: now, updatedAt: now, ...values, tenantId: this.tenantId };
    const row = repository.create(own as never) as unknown as R;
    await repository.insert(row);
    return row;
  }

  /** Changes a row that is still at `version`, by default the one read; throws `StaleVersion` when another was faster. */
  async update<R extends ControlRow>(
    entity: EntityTarget<R>,
    row: R,
    changes: Partial<R>,
    version = row.version,
  ): Promise<R> {
    const repository = this.manager.getRepository<R>(entity);
    const next = { ...changes, version: version + 1, updatedAt: new Date() };
    const done = await repository.update(this.own({ id: row.id, version } as Partial<R>), next as never);
    if (done.affected !== 1) {
      const current = await this.one(entity, { id: row.id } as Partial<R>);
      throw new StaleVersion(current?.version ?? 0, differencesOf(current, changes));
    }
    return this.manager.getRepository<R>(entity).create({ ...(row as object), ...next } as never) as unknown as R;
  }

  async remove<R extends ControlRow>(entity: EntityTarget<R>, where: Partial<R>): Promise<number> {
    return (await this.manager.getRepository<R>(entity).delete(this.own(where))).affected ?? 0;
  }

  /** Removes a row that is still at `version`; throws `StaleVersion` when it has changed or is gone. */
  async removeAt<R extends ControlRow>(entity: EntityTarget<R>, row: R, version: number): Promise<void> {
    if ((await this.remove(entity, { id: row.id, version } as Partial<R>)) === 1) return;
    const current = await this.one(entity, { id: row.id } as Partial<R>);
    throw new StaleVersion(current?.version ?? 0);
  }

  private own<R>(where: Partial<R>): FindOptionsWhere<R> {
    return { ...where, tenantId: this.tenantId } as unknown as FindOptionsWhere<R>;
  }
}

const outages = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '25006',
]);

/** True when the database could not be reached or turned the connection away: the same call may succeed later. */
export function isOutage(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code: unknown = 'code' in cause ? cause.code : undefined;
  if (typeof code === 'string' && (outages.has(code) || code.startsWith('08'))) return true;
  if (/Connection terminated|timeout exceeded when trying to connect/.test(cause.message)) return true;
  return 'driverError' in cause && cause.driverError !== cause && isOutage(cause.driverError);
}

/** How one tenant trusts an issuer. */
export interface Trust {
  readonly tenant: TenantId;
  readonly connection: IdentityConnection;
}

/** `isHeld`: a legal hold keeps its keys. */
export interface UnfinishedDeletion {
  readonly tenant: TenantContext;
  readonly since: Date;
  readonly isHeld: boolean;
}

const lookupsAtOnce = 8;

/** The control schema, as the tenant API's login sees it. */
export class Control {
  private lookups = 0;

  private constructor(private readonly source: DataSource) {}

  static async open(settings: ControlSettings): Promise<Control> {
    return new Control(await dataSource(settings).initialize());
  }

  async close(): Promise<void> {
    await this.source.destroy();
  }

  /** Runs `work` in one transaction that sees only this tenant's rows. A throw rolls everything back. */
  async inTenant<T>(tenant: TenantContext, work: (tx: ControlTx) => Promise<T>): Promise<T> {
    return this.source.transaction(async (manager) => {
      await manager.query(`SELECT set_config('app.tenant', $1, true)`, [tenant.tenant]);
      const client = (await manager.queryRunner!.connect()) as SqlClient;
      return work(new ControlTx(tenant, manager, client));
    });
  }

  /**
   * Who trusts this issuer, as published, read anew each time: whoever enabled a provider may sign in through it at once.
   * Unknown issuers are cheap to invent, so only a few are looked up at a time; beyond that it throws.
   */
  async trustsOf(issuer: string): Promise<readonly Trust[]> {
    if (this.lookups >= lookupsAtOnce) throw new Error('too many look-ups of issuers at once');
    this.lookups += 1;
    try {
      const rows: unknown = await this.source.query('SELECT tenant_id, body FROM control.find_issuer($1)', [issuer]);
      return (rows as readonly { readonly tenant_id: string; readonly body: string }[]).flatMap((row) => {
        const tenant = parseTenantId(row.tenant_id);
        return tenant.ok ? [{ tenant: tenant.value, connection: JSON.parse(row.body) as IdentityConnection }] : [];
      });
    } finally {
      this.lookups -= 1;
    }
  }

  /**
   * Tenants whose deletion has stood in their log for longer than `forMs`, and whose keys are still there. To finish it is the
   * one thing that may be done in their name.
   */
  async unfinishedDeletions(forMs: number): Promise<readonly UnfinishedDeletion[]> {
    const text = 'SELECT tenant_id, since, is_held FROM control.unfinished_deletions($1)';
    const rows: unknown = await this.source.query(text, [forMs]);
    return (rows as readonly { readonly tenant_id: string; readonly since: Date; readonly is_held: boolean }[]).map(
      ({ tenant_id, since, is_held }) => {
        const tenant = parseTenantId(tenant_id);
        if (!tenant.ok) throw new Error(tenant.error);
        return { tenant: tenantOfJob(tenant.value), since, isHeld: is_held };
      },
    );
  }

  /** Rows of the platform: sign-ups and its own keys. No tenant's row is visible here. */
  async inPlatform<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.source.transaction(async (manager) => {
      await manager.query(`SELECT set_config('app.tenant', '', true)`);
      return work(manager);
    });
  }
}
