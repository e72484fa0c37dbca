import type { Identity } from '@writ/identity';
import { type Clock, connectionUse, type createMetrics } from '@writ/platform';
import { type PlanePool, poolUse, type SnapshotSource } from '@writ/postgres';
import type { Limits } from '@writ/redis';
import type { Dispatcher } from 'undici';

/** What a gateway process can say of its own state whenever it is asked. */
export interface Standing {
  /** Of the snapshot in use that was confirmed longest ago; undefined while none is held. */
  snapshotAgeMs(): number | undefined;
  /** Of the identity provider's key set that was fetched longest ago; undefined while none is held. */
  keySetAgeMs(): number | undefined;
  /** Of each database pool. */
  pools(): Readonly<Record<string, { readonly busy: number; readonly idle: number; readonly waiting: number }>>;
  /** Connections to providers, and requests that wait for one. */
  upstreams(): { readonly busy: number; readonly idle: number; readonly waiting: number };
  limits(): {
    readonly reservations: number;
    readonly leases: number;
    readonly grantedMicros: bigint;
    readonly spentMicros: bigint;
    readonly reservedMicros: bigint;
  };
}

/** The parts of this process that are asked. */
export interface StandingParts {
  readonly source: Pick<SnapshotSource, 'ageMs'>;
  readonly identity: Pick<Identity, 'keySets'>;
  readonly pools: Readonly<Record<string, PlanePool>>;
  readonly egress: Dispatcher;
  readonly spending: Pick<Limits, 'state'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export function standingOf({ source, identity, pools, egress, spending, clock }: StandingParts): Standing {
  return {
    snapshotAgeMs: () => source.ageMs(),
    keySetAgeMs: () => {
      const fetched = identity.keySets().flatMap(({ fetchedAtMs }) => (fetchedAtMs === undefined ? [] : [fetchedAtMs]));
      return fetched.length === 0 ? undefined : Math.max(0, clock.nowMs() - Math.min(...fetched));
    },
    pools: () => Object.fromEntries(Object.entries(pools).map(([name, pool]) => [name, poolUse(pool)])),
    upstreams: () => connectionUse(egress),
    limits: () => spending.state(),
  };
}

type Metrics = Pick<ReturnType<typeof createMetrics>, 'gauge'>;

/** Read when Prometheus asks, so that they cost nothing in between. Of several processes ages are the oldest, and counts the sum. */
export function registerStanding(metrics: Metrics, standing: Standing): void {
  const age = (name: string, help: string, read: () => number | undefined): void => {
    metrics.gauge(name, help, [], {
      across: 'max',
      collect(gauge) {
        const ms = read();
        if (ms === undefined) gauge.remove();
        else gauge.set(ms / 1_000);
      },
    });
  };
  age('writ_snapshot_age_seconds', 'Since the snapshot in use that was confirmed longest ago', () =>
    standing.snapshotAgeMs(),
  );
  age('writ_key_set_age_seconds', 'Since the key set of an identity provider that was fetched longest ago', () =>
    standing.keySetAgeMs(),
  );
  metrics.gauge(
    'writ_database_connections',
    'Connections of each pool, and requests that wait for one',
    ['pool', 'state'],
    {
      across: 'sum',
      collect(gauge) {
        for (const [pool, use] of Object.entries(standing.pools()))
          for (const [state, count] of Object.entries(use)) gauge.set({ pool, state }, count);
      },
    },
  );
  metrics.gauge('writ_upstream_connections', 'Connections to providers, and requests that wait for one', ['state'], {
    across: 'sum',
    collect(gauge) {
      for (const [state, count] of Object.entries(standing.upstreams())) gauge.set({ state }, count);
    },
  });
  const ofLimits = (
    name: string,
    help: string,
    read: (of: ReturnType<Standing['limits']>) => number | bigint,
  ): void => {
    metrics.gauge(name, help, [], { across: 'sum', collect: (gauge) => gauge.set(Number(read(standing.limits()))) });
  };
  ofLimits('writ_reservations_open', 'Requests whose reservation is not settled', ({ reservations }) => reservations);
  ofLimits('writ_budget_leases', 'Slices of budgets that are held', ({ leases }) => leases);
  metrics.gauge('writ_budget_lease_micros', 'What the slices held are granted, spent and reserved', ['part'], {
    across: 'sum',
    collect(gauge) {
      const { grantedMicros, spentMicros, reservedMicros } = standing.limits();
      gauge.set({ part: 'granted' }, Number(grantedMicros));
      gauge.set({ part: 'spent' }, Number(spentMicros));
      gauge.set({ part: 'reserved' }, Number(reservedMicros));
    },
  });
}
