import {
  type Refusal,
  type Result,
  type Snapshot,
  type TenantContext,
  type TenantId,
  err,
  limits,
  ok,
  parseTenantId,
  refuse,
  tenantOfJob,
} from '@writ/domain';
import { Backoff } from './backoff.js';
import { Listener } from './listener.js';
import { type PlanePool, causeText, connectToPrimary } from './plane.js';
import { snapshotChannel } from './publish-snapshot.js';
import type { SnapshotVerifier } from './snapshot-signature.js';

export interface SnapshotSource {
  /**
   * From memory while the lease holds; the same object for the same version. A refusal carries the snapshot last held, so
   * that a deny can still be recorded.
   */
  current(tenant: TenantContext): Promise<Result<Snapshot, { readonly refusal: Refusal; readonly held?: Snapshot }>>;
  /**
   * Loads these tenants' snapshots, in their order, before a new process takes requests; each is handed to `prepare`. Stops
   * when `isLate`. What cannot be had is left to the tenant's first request, which is refused or served as ever.
   */
  warm(
    tenants: readonly string[],
    prepare: (tenant: TenantContext, snapshot: Snapshot) => Promise<unknown>,
    isLate: () => boolean,
  ): Promise<number>;
  /** Since the snapshot held that was confirmed longest ago; undefined while none is held. */
  ageMs(): number | undefined;
  close(): Promise<void>;
}

export interface SnapshotSourceOptions {
  readonly verifier: SnapshotVerifier;
  /** Told of a snapshot that was not accepted, and of outages; for the operational log. */
  readonly onProblem: (problem: string, tenant?: TenantId) => void;
  readonly leaseMs?: number;
  readonly renewEveryMs?: number;
  readonly monotonicMs?: () => number;
}

interface Lease {
  readonly snapshot: Snapshot;
  until: number;
}

export function snapshotSource(plane: PlanePool, options: SnapshotSourceOptions): SnapshotSource {
  return new LeasedSnapshots(plane, options);
}

/**
 * Snapshots by tenant, each under a lease. A lease counts from the moment the question left for the database, so a slow
 * answer can only shorten it. Notices make changes quick; leases make their loss safe.
 */
class LeasedSnapshots implements SnapshotSource {
  readonly #plane: PlanePool;
  readonly #options: SnapshotSourceOptions;
  readonly #leaseMs: number;
  readonly #nowMs: () => number;
  readonly #leases = new Map<TenantId, Lease>();
  readonly #loading = new Map<TenantId, Promise<Result<Snapshot, 'missing' | 'unavailable'>>>();
  readonly #backoff = new Backoff({ firstMs: 100, maximumMs: 1_000 });
  readonly #listener: Listener;
  readonly #timer: NodeJS.Timeout;

  constructor(plane: PlanePool, options: SnapshotSourceOptions) {
    this.#plane = plane;
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? limits.snapshotLeaseMs;
    this.#nowMs = options.monotonicMs ?? (() => performance.now());
    this.#listener = new Listener(plane, snapshotChannel, {
      notified: (payload) => this.#notified(payload),
      connected: () => void this.#renew(),
      lost: (cause) => options.onProblem(`snapshot notices are out: ${cause.message}`),
    });
    this.#timer = setInterval(() => void this.#renew(), options.renewEveryMs ?? this.#leaseMs / 6);
    this.#timer.unref();
  }

  async current(
    context: TenantContext,
  ): Promise<Result<Snapshot, { readonly refusal: Refusal; readonly held?: Snapshot }>> {
    const { tenant } = context;
    const lease = this.#leases.get(tenant);
    if (lease !== undefined && this.#nowMs() < lease.until) return ok(lease.snapshot);
    const loaded = this.#backoff.isResting() ? err('unavailable' as const) : await this.#load(tenant);
    if (loaded.ok) return loaded;
    const held = lease === undefined ? {} : { held: lease.snapshot };
    return err({ refusal: refuse(loaded.error === 'missing' ? 'snapshot-missing' : 'snapshot-stale'), ...held });
  }

  async warm(
    tenants: readonly string[],
    prepare: (tenant: TenantContext, snapshot: Snapshot) => Promise<unknown>,
    isLate: () => boolean,
  ): Promise<number> {
    let warmed = 0;
    for (const text of tenants) {
      if (isLate()) break;
      const tenant = parseTenantId(text);
      if (!tenant.ok) continue;
      const context = tenantOfJob(tenant.value);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a start does not storm the database
      const current = await this.current(context);
      if (!current.ok) continue;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await prepare(context, current.value);
      warmed += 1;
    }
    return warmed;
  }

  ageMs(): number | undefined {
    let until: number | undefined;
    for (const lease of this.#leases.values()) until = Math.min(until ?? lease.until, lease.until);
    return until === undefined ? undefined : Math.max(0, this.#nowMs() - (until - this.#leaseMs));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.close();
  }

  #notified(payload: string): void {
    const split = payload.lastIndexOf(':');
    const tenant = parseTenantId(payload.slice(0, split));
    const version = Number(payload.slice(split + 1));
    if (!tenant.ok) return;
    const lease = this.#leases.get(tenant.value);
    if (lease === undefined || lease.snapshot.version >= version) return;
    // A load that began before this notice may have read the version before.
    this.#loading.delete(tenant.value);
    void this.#load(tenant.value);
  }

  /** One load at a time for a tenant, however many requests wait for it. */
  #load(tenant: TenantId): Promise<Result<Snapshot, 'missing' | 'unavailable'>> {
    const running = this.#loading.get(tenant);
    if (running !== undefined) return running;
    const load = this.#read(tenant).finally(() => {
      if (this.#loading.get(tenant) === load) this.#loading.delete(tenant);
    });
    this.#loading.set(tenant, load);
    return load;
  }

  async #read(tenant: TenantId): Promise<Result<Snapshot, 'missing' | 'unavailable'>> {
    const askedAt = this.#nowMs();
    const rows = await this.#ask<{ version: string; body: string; signature: string }>(
      'SELECT version, body, signature FROM control.load_snapshot($1)',
      [tenant],
    );
    if (rows === undefined) return err('unavailable');
    const row = rows[0];
    if (row === undefined) {
      this.#leases.delete(tenant);
      return err('missing');
    }
    const snapshot = this.#accept(tenant, row);
    return snapshot === undefined ? err('unavailable') : ok(this.#hold(snapshot, askedAt + this.#leaseMs));
  }

  #accept(
    tenant: TenantId,
    row: { readonly version: string; readonly body: string; readonly signature: string },
  ): Snapshot | undefined {
    const refused = (problem: string): undefined => this.#options.onProblem(problem, tenant) as undefined;
    if (!this.#options.verifier.verify(row.body, row.signature))
      return refused('a snapshot is not signed by a known key');
    // Whoever signed it had it from the same type; the signature is the parse.
    const snapshot = JSON.parse(row.body) as Snapshot;
    if (snapshot.tenant !== tenant || snapshot.version !== Number(row.version))
      return refused('a snapshot stands in the place of another');
    const held = this.#leases.get(tenant);
    if (held !== undefined && snapshot.version < held.snapshot.version)
      return refused('the newest snapshot is older than the one held');
    return snapshot;
  }

  #hold(snapshot: Snapshot, until: number): Snapshot {
    const { tenant, version } = snapshot;
    const held = this.#leases.get(tenant);
    const kept = held !== undefined && held.snapshot.version >= version ? held.snapshot : Object.freeze(snapshot);
    // Two loads may end out of order: a newer version stays, and so does its longer lease.
    const lease = { snapshot: kept, until: kept === snapshot ? until : Math.max(until, held?.until ?? 0) };
    this.#leases.delete(tenant);
    this.#leases.set(tenant, lease);
    if (this.#leases.size > limits.snapshotsHeld) {
      const [oldest] = this.#leases.keys();
      if (oldest !== undefined) this.#leases.delete(oldest);
    }
    return kept;
  }

  /** One question for every tenant held. Whoever has something newer is loaded; whoever vanished is dropped. */
  async #renew(): Promise<void> {
    const tenants = [...this.#leases.keys()];
    if (tenants.length === 0) return;
    const until = this.#nowMs() + this.#leaseMs;
    const rows = await this.#ask<{ tenant_id: TenantId; version: string | null }>(
      'SELECT tenant_id, version FROM control.snapshot_versions($1)',
      [tenants],
    );
    if (rows === undefined) return;
    for (const { tenant_id: tenant, version } of rows) {
      const lease = this.#leases.get(tenant);
      if (lease === undefined) continue;
      if (version === null) this.#leases.delete(tenant);
      else if (Number(version) === lease.snapshot.version) lease.until = Math.max(lease.until, until);
      else void this.#load(tenant);
    }
  }

  async #ask<Row extends object>(text: string, values: unknown[]): Promise<readonly Row[] | undefined> {
    try {
      const client = await connectToPrimary(this.#plane);
      try {
        const { rows } = await client.query<Row>({ text, values });
        client.release();
        this.#backoff.succeeded();
        return rows;
      } catch (cause) {
        client.release(true);
        throw cause;
      }
    } catch (cause) {
      this.#backoff.failed();
      this.#options.onProblem(`snapshots cannot be read: ${causeText(cause)}`);
      return undefined;
    }
  }
}
