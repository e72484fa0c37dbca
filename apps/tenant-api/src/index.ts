export { type TenantApi, serveTenantApi, startTenantApi } from './start.js';
export { type TenantApiSettings, readTenantApiSettings, tenantApiSettings } from './settings.js';
export { type Wiring, wire } from './wiring.js';
export type * from './ports.js';
export { keyRequired } from './idempotency.js';
export { fromAnyId, idKinds } from './schema/ids.js';
export { type FinishedDeletion, finishDeletions } from './unfinished-deletions.js';
export { bundleExporter } from './outside/exporter.js';
