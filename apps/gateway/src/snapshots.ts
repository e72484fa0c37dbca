import { setImmediate } from 'node:timers/promises';
import { limits, ok, type Refusal, type Result, type Snapshot, type TenantContext, type TenantId } from '@writ/domain';
import { type CompilePolicy, holdSnapshotInSlices, type Held, type SnapshotPort } from '@writ/enforcement';
import { link, type PolicyImage } from '@writ/policy';
import type { Clock, Kms, Log } from '@writ/platform';
import type { SnapshotSource } from '@writ/postgres';

export interface SnapshotDependencies {
  readonly source: SnapshotSource;
  readonly kms: Kms;
  readonly clock: Clock;
  readonly log: Log;
  /** The operators' own policy: a layer that no tenant can remove. Absent where the operators have none. */
  readonly platform?: PolicyImage;
  /** Compiles a text that came without its image. */
  readonly compile: CompilePolicy;
  /** C2SP origin line of a tenant's log. */
  readonly originOf: (snapshot: Snapshot) => string;
  /** Told when a tenant's snapshot is first prepared in this process. */
  readonly used?: (tenant: TenantId) => void;
}

/** The port, and what a process does before it listens. */
export interface GatewaySnapshots extends SnapshotPort {
  /** Prepares the snapshots of these tenants; `also` is done with each. Resolves with how many. */
  warm(
    tenants: readonly string[],
    also: (snapshot: Snapshot) => Promise<unknown>,
    isLate: () => boolean,
  ): Promise<number>;
}

interface Prepared {
  readonly held: Held;
  readonly image: PolicyImage;
  readonly shadow: PolicyImage | undefined;
}

/**
 * A tenant may take its key away, or the key service may be out: data keys then serve for five minutes and no longer, for
 * that tenant alone. They are opened anew ahead of time, so that no request waits while the service answers.
 */
class OpenedKeys {
  readonly #openedMs = new WeakMap<Snapshot, number>();
  readonly #opening = new WeakMap<Snapshot, Promise<void>>();

  constructor(private readonly dependencies: Pick<SnapshotDependencies, 'kms' | 'clock'>) {}

  /** Rejects when the keys of a snapshot that was prepared before may not be used any more. */
  stillOpen(snapshot: Snapshot): Promise<void> | undefined {
    const now = this.dependencies.clock.nowMs();
    const opened = this.#openedMs.get(snapshot);
    if (opened === undefined) return void this.#openedMs.set(snapshot, now);
    const age = now - opened;
    if (age < limits.dataKeyMs / 2) return undefined;
    const opening = this.#opening.get(snapshot) ?? this.#open(snapshot);
    // Before its time is over a failure changes nothing; the next request tries again.
    return age < limits.dataKeyMs ? void opening.catch(() => undefined) : opening;
  }

  #open(snapshot: Snapshot): Promise<void> {
    const opening = this.#unwrap(snapshot).finally(() => this.#opening.delete(snapshot));
    this.#opening.set(snapshot, opening);
    return opening;
  }

  async #unwrap(snapshot: Snapshot): Promise<void> {
    const { kms, clock } = this.dependencies;
    const asked = clock.nowMs();
    await kms.unwrap(`tenant/${snapshot.tenant}/hmac`, snapshot.wrappedKeys.hmac);
    await kms.unwrap(`tenant/${snapshot.tenant}/content`, snapshot.wrappedKeys.content);
    this.#openedMs.set(snapshot, asked);
  }
}

/**
 * Turns a tenant's snapshot into what the path needs: the policy's image, taxonomy, keys. Done once per version, by object
 * identity of the snapshot; relinked when an assurance begins or ends. What is not what it claims refuses.
 */
export function createSnapshots(dependencies: SnapshotDependencies): GatewaySnapshots {
  const { source, clock } = dependencies;
  const prepared = new WeakMap<Snapshot, Promise<Result<Prepared, Refusal>>>();
  /** Those whose preparation came to its end. */
  const here = new WeakMap<Snapshot, Prepared>();
  const keys = new OpenedKeys(dependencies);

  /** At once for a snapshot that is prepared and whose keys are young. */
  function prepare(tenant: TenantContext, snapshot: Snapshot): Result<Held, Refusal> | Promise<Result<Held, Refusal>> {
    const ready = here.get(snapshot);
    if (!ready) return prepareFirst(tenant, snapshot);
    const open = keys.stillOpen(snapshot);
    return open ? open.then(() => ok(linkedNow(snapshot, ready))) : ok(linkedNow(snapshot, ready));
  }

  async function prepareFirst(tenant: TenantContext, snapshot: Snapshot): Promise<Result<Held, Refusal>> {
    let preparing = prepared.get(snapshot);
    if (!preparing) {
      preparing = prepareSnapshot(tenant, snapshot, dependencies);
      prepared.set(snapshot, preparing);
      dependencies.used?.(tenant.tenant);
      // An outage of the key service is not a property of the snapshot: the next request tries again.
      preparing.catch(() => prepared.delete(snapshot));
    }
    const result = await preparing;
    if (!result.ok) return result;
    if (!here.has(snapshot)) here.set(snapshot, result.value);
    return await prepare(tenant, snapshot);
  }

  function linkedNow(snapshot: Snapshot, { held, image, shadow }: Prepared): Held {
    if (clock.nowMs() < held.policy.validUntilMs) return held;
    const linked = (one: PolicyImage) => link(one, snapshot.endpoints, clock.nowMs(), dependencies.platform);
    const relinked: Held = { ...held, policy: linked(image), ...(shadow && { shadow: linked(shadow) }) };
    here.set(snapshot, { held: relinked, image, shadow });
    return relinked;
  }

  return {
    warm: (tenants, also, isLate) =>
      source.warm(tenants, (tenant, snapshot) => Promise.all([prepare(tenant, snapshot), also(snapshot)]), isLate),
    async current(tenant) {
      const current = await source.current(tenant);
      if (current.ok) {
        const ready = prepare(tenant, current.value);
        const held = ready instanceof Promise ? await ready : ready;
        return held.ok ? held : { ok: false, error: { refusal: held.error } };
      }
      const { refusal, held: last } = current.error;
      if (!last) return { ok: false, error: { refusal } };
      const held = await prepare(tenant, last);
      return { ok: false, error: held.ok ? { refusal, held: held.value } : { refusal } };
    },
  };
}

async function prepareSnapshot(
  tenant: TenantContext,
  snapshot: Snapshot,
  { kms, clock, log, originOf, platform, compile }: SnapshotDependencies,
): Promise<Result<Prepared, Refusal>> {
  const hmacKey = await kms.unwrap(`tenant/${snapshot.tenant}/hmac`, snapshot.wrappedKeys.hmac);
  const contentKey = await kms.unwrap(`tenant/${snapshot.tenant}/content`, snapshot.wrappedKeys.content);
  const ground = {
    log: { tenant, origin: originOf(snapshot), hmacKey, contentKey, keep: snapshot.evidence.keep },
    nowMs: clock.nowMs(),
    compile,
    ...(platform === undefined ? {} : { platform }),
  };
  const made = await holdSnapshotInSlices(snapshot, ground, () => setImmediate());
  if (!made.ok)
    log.error({ tenant: snapshot.tenant, version: snapshot.version }, 'a published snapshot is not what it claims');
  else if (snapshot.shadowPolicy !== undefined && made.value.shadow === undefined)
    log.warn(
      { tenant: snapshot.tenant, version: snapshot.version },
      'the policy on trial is not what it claims, so it is not tried',
    );
  return made;
}
