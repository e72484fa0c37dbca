export { type Login, type PlanePool, type PlanePoolOptions, logins, planePool } from './plane.js';
export { type Passwords, migrate } from './migrate.js';
export { type NewLog, provisionTenant } from './provision.js';
export { type TenantTransaction, schemaOf, withTenant } from './with-tenant.js';
export { postgresLedgerStore } from './ledger-store.js';
export { type WriterEnrolment, type WriterRegister, type WriterStanding, writerRegister } from './writers.js';
