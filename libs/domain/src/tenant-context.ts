import type { TenantId } from './ids.js';

/**
 * Proof that this process may act for one tenant: the first wall between tenants. It is always an argument, never
 * ambient. Only a verified credential or a job row read from the database makes one; `test/coverage` checks who calls
 * the two makers below.
 */
class TenantProof {
  readonly #source: 'credential' | 'job';
  constructor(
    readonly tenant: TenantId,
    source: 'credential' | 'job',
  ) {
    this.#source = source;
    Object.freeze(this);
  }
  /** Who vouched for the tenant; for the operational log. */
  get source(): 'credential' | 'job' {
    return this.#source;
  }
}

export type TenantContext = TenantProof;

/** Called by the credential verifier in `identity`, after the credential's signature or hash was checked. */
export function tenantOfVerifiedCredential(tenant: TenantId): TenantContext {
  return new TenantProof(tenant, 'credential');
}

/** Called by a job loader, with the tenant id of the row that the job's own id names. */
export function tenantOfJob(tenant: TenantId): TenantContext {
  return new TenantProof(tenant, 'job');
}
