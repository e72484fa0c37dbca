import {
  type AppKey,
  type IdentityConnection,
  type Result,
  type TenantId,
  err,
  limits,
  ok,
  parseTenantId,
} from '@writ/domain';
import { Listener } from './listener.js';
import { type PlanePool, connectToPrimary } from './plane.js';
import { snapshotChannel } from './publish-snapshot.js';

/** How one tenant trusts an issuer. Several tenants may trust the same one; their bound claims tell them apart. */
export interface DirectoryConnection {
  readonly tenant: TenantId;
  readonly connection: IdentityConnection;
}

export interface DirectoryKey {
  readonly tenant: TenantId;
  readonly key: AppKey;
}

/**
 * Which tenants trust an issuer, and whose an app key is, before any tenant is known. `unavailable` is not an answer: the
 * caller refuses, and never takes it for "nobody".
 */
export interface ConnectionDirectory {
  find(issuer: string): Promise<Result<readonly DirectoryConnection[], 'unavailable'>>;
  findAppKey(sha256: string): Promise<Result<DirectoryKey | undefined, 'unavailable'>>;
  /** By connection id, for credentials that name no issuer. */
  findConnection(id: string): Promise<Result<DirectoryConnection | undefined, 'unavailable'>>;
  /** Resolves when publishes are heard for the first time. What was found before is forgotten then. */
  readonly listening: Promise<void>;
  close(): Promise<void>;
}

export interface ConnectionDirectoryOptions {
  readonly onProblem: (problem: string) => void;
  readonly monotonicMs?: () => number;
}

/** Unknown credentials are cheap to invent, so what they may cost is bounded: entries kept, and lookups at once. */
const entriesHeld = 50_000;
const lookupsAtOnce = 8;
const unknownsAskedPerSecond = 50;
/** Entries asked for again after a notice, newest first. */
const entriesWarmed = 256;

export function connectionDirectory(plane: PlanePool, options: ConnectionDirectoryOptions): ConnectionDirectory {
  const issuers = new Cache<readonly DirectoryConnection[]>(
    plane,
    options,
    'SELECT tenant_id, body FROM control.find_issuer($1)',
    (rows) =>
      rows.flatMap(({ tenant_id, body }) => {
        const tenant = parseTenantId(tenant_id);
        return tenant.ok ? [{ tenant: tenant.value, connection: JSON.parse(body) as IdentityConnection }] : [];
      }),
  );
  const keys = new Cache<DirectoryKey | undefined>(
    plane,
    options,
    'SELECT tenant_id, body FROM control.find_app_key($1)',
    ([row]) => {
      const tenant = parseTenantId(row?.tenant_id ?? '');
      return row !== undefined && tenant.ok ? { tenant: tenant.value, key: JSON.parse(row.body) as AppKey } : undefined;
    },
  );
  const connections = new Cache<DirectoryConnection | undefined>(
    plane,
    options,
    'SELECT tenant_id, body FROM control.find_connection($1)',
    ([row]) => {
      const tenant = parseTenantId(row?.tenant_id ?? '');
      return row !== undefined && tenant.ok
        ? { tenant: tenant.value, connection: JSON.parse(row.body) as IdentityConnection }
        : undefined;
    },
  );
  const clear = (): void => {
    issuers.clear();
    connections.clear();
    keys.clear();
  };
  const { promise: listening, resolve: heard } = Promise.withResolvers<void>();
  const listener = new Listener(plane, snapshotChannel, {
    notified: clear,
    connected: () => {
      clear();
      heard();
    },
    lost: (cause) => options.onProblem(`directory notices are out: ${cause.message}`),
  });
  return {
    find: (issuer) => issuers.get(issuer),
    findAppKey: (sha256) => keys.get(sha256),
    findConnection: (id) => connections.get(id),
    listening,
    close: () => listener.close(),
  };
}

interface Row {
  readonly tenant_id: string;
  readonly body: string;
}

interface Entry<T> {
  readonly value: T;
  readonly until: number;
}

/** Keeps "nobody" as well as answers, both for the length of a snapshot's lease at most, and forgets all on any publish. */
class Cache<T> {
  readonly #plane: PlanePool;
  readonly #options: ConnectionDirectoryOptions;
  readonly #text: string;
  readonly #read: (rows: readonly Row[]) => T;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #lookups = new Map<string, Promise<Result<T, 'unavailable'>>>();
  #generation = 0;
  #warming = false;
  #second = 0;
  #askedAgain = 0;

  constructor(plane: PlanePool, options: ConnectionDirectoryOptions, text: string, read: (rows: readonly Row[]) => T) {
    this.#plane = plane;
    this.#options = options;
    this.#text = text;
    this.#read = read;
    this.#nowMs = options.monotonicMs ?? (() => performance.now());
  }

  /**
   * Forgets everything at once, then asks again for what was in use: an outage that follows a publish must not find this
   * process without the answers it had a moment before.
   */
  clear(): void {
    const inUse = [...this.#entries.keys()].slice(-entriesWarmed);
    this.#generation += 1;
    this.#entries.clear();
    this.#lookups.clear();
    if (!this.#warming) void this.#warm(inUse);
  }

  /**
   * "Nobody" may have become wrong a moment ago: the notice of a publish travels, and whoever published asks at once. So it
   * is asked for again, as long as not too many unknown credentials come in one second.
   */
  #mayAskAgain(value: T): boolean {
    if (Array.isArray(value) ? value.length > 0 : value !== undefined) return false;
    const second = Math.floor(this.#nowMs() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#askedAgain = 0;
    }
    this.#askedAgain += 1;
    return this.#askedAgain <= unknownsAskedPerSecond;
  }

  async #warm(keys: readonly string[]): Promise<void> {
    this.#warming = true;
    // oxlint-disable-next-line no-await-in-loop -- one at a time leaves the lookups to those who wait
    for (const key of keys) await this.get(key);
    this.#warming = false;
  }

  async get(key: string): Promise<Result<T, 'unavailable'>> {
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#nowMs() < entry.until && !this.#mayAskAgain(entry.value)) return ok(entry.value);
    const running = this.#lookups.get(key);
    if (running !== undefined) return running;
    if (this.#lookups.size >= lookupsAtOnce) return err('unavailable');
    const lookup = this.#look(key).finally(() => {
      if (this.#lookups.get(key) === lookup) this.#lookups.delete(key);
    });
    this.#lookups.set(key, lookup);
    return lookup;
  }

  async #look(key: string): Promise<Result<T, 'unavailable'>> {
    const generation = this.#generation;
    const until = this.#nowMs() + limits.snapshotLeaseMs;
    try {
      const client = await connectToPrimary(this.#plane);
      try {
        const { rows } = await client.query<Row>({ text: this.#text, values: [key] });
        client.release();
        const value = this.#read(rows);
        // What was read before a publish must not be kept after it.
        if (generation === this.#generation) this.#keep(key, { value, until });
        return ok(value);
      } catch (cause) {
        client.release(true);
        throw cause;
      }
    } catch (cause) {
      this.#options.onProblem(
        `the directory cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
      return err('unavailable');
    }
  }

  #keep(key: string, entry: Entry<T>): void {
    this.#entries.set(key, entry);
    if (this.#entries.size <= entriesHeld) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
