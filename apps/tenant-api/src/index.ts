export { type TenantApi, serveTenantApi } from './start.js';
export { type TenantApiSettings, tenantApiSettings } from './settings.js';
export { type Sockets, type Wired, wire } from './wiring.js';
export type * from './ports.js';
