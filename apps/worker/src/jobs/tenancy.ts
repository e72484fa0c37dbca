import type { Clock } from '@writ/platform';
import { type PlanePool, type TenantVersions, enqueue, jobIdOf, withTenant } from '@writ/postgres';
import { tenantOfJob } from '@writ/domain';
import { type RunningRole, repeat } from '../repeat.js';
import { JobFailed, type JobHandler } from './runtime.js';

const lookMs = 15_000;
const tenantsAtOnce = 500;

/**
 * Brings the tenant's schema to every version that operators registered. A version that fails is told to them by
 * `writ migrate status`, and tried again; each is a transaction, so a worker that dies in one leaves nothing half done.
 */
export function migrateJob(versions: TenantVersions): JobHandler {
  return async ({ tenant }) => {
    try {
      await versions.bring(tenant.tenant);
    } catch (cause) {
      throw new JobFailed(`a version of the tenant's schema could not be applied (${codeOf(cause)})`);
    }
  };
}

/** One job for each tenant that lacks a version, and for each newest version one: it is enqueued once, whoever looks. */
export function scheduleMigrations(parts: {
  readonly plane: PlanePool;
  readonly versions: TenantVersions;
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}): RunningRole {
  const { plane, versions, clock, onProblem } = parts;
  return repeat(
    clock,
    lookMs,
    async () => {
      for (const { tenant, newest } of await versions.toMigrate(tenantsAtOnce)) {
        const id = jobIdOf(tenant, 'tenancy', `migrate/${newest}`);
        // oxlint-disable-next-line no-await-in-loop -- one tenant after the other bounds the load
        await withTenant(plane, tenantOfJob(tenant), ({ query }) =>
          enqueue(query, tenant, { id, queue: 'tenancy', payload: { kind: 'migrate', newest } }),
        );
      }
    },
    onProblem,
  );
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer';
}
