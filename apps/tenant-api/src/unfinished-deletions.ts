import type { TenantContext } from '@writ/domain';
import { ChangeRow } from '@writ/postgres/control';
import { digestOfActor } from './caller.js';
import { type Removed, destroyKeys } from './offboarding.js';
import type { Ports } from './ports.js';

/** What became of a deletion that a process had left half done. */
export interface FinishedDeletion {
  readonly tenant: string;
  /** When its record was committed. */
  readonly since: string;
  /** `held`: a legal hold keeps the keys; whoever placed it must release it. */
  readonly outcome: 'finished' | 'held';
  readonly certificate?: string;
}

/** A request that is finishing its own deletion is done long before. */
const leftAloneMs = 60_000;
const lookMs = 60_000;

/**
 * Destroys the keys of tenants whose deletion stands in their log and whose process died before it came to that. Nobody of the
 * tenant could: their access ended first. Safe to repeat, and beside others.
 */
export async function finishDeletions(
  ports: Pick<Ports, 'control' | 'certify' | 'nowMs'>,
  forMs = leftAloneMs,
): Promise<readonly FinishedDeletion[]> {
  const done: FinishedDeletion[] = [];
  for (const { tenant, since, isHeld } of await ports.control.unfinishedDeletions(forMs)) {
    const about = { tenant: tenant.tenant, since: since.toISOString() };
    if (isHeld) done.push({ ...about, outcome: 'held' });
    // oxlint-disable-next-line no-await-in-loop -- few, and one after the other
    else done.push({ ...about, outcome: 'finished', certificate: await finish(ports, tenant) });
  }
  return done;
}

async function finish(ports: Pick<Ports, 'control' | 'certify' | 'nowMs'>, tenant: TenantContext): Promise<string> {
  const changes = await ports.control.inTenant(tenant, (tx) => tx.all(ChangeRow, { event: 'admin.tenant-deleted' }));
  const change = changes.at(-1);
  if (change === undefined) throw new Error('a deletion that is to be finished must have been recorded');
  const removed = change.fields as unknown as Removed;
  const requester = digestOfActor(change.actor);
  return destroyKeys(ports, tenant, { record: change.recordId, requester, removed });
}

/** Looks every minute while the API serves, so that no deletion waits for an operator. */
export function finishingDeletions(ports: Ports): { stop(): void } {
  const look = (): void =>
    void finishDeletions(ports).then(
      (done) => {
        for (const { tenant, outcome } of done)
          if (outcome === 'held')
            ports.report(new Error(`the deletion of ${tenant} waits for a legal hold`), 'deletion');
      },
      (cause: unknown) => ports.report(cause, 'deletion'),
    );
  const timer = setInterval(look, lookMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
