export * from './break-glass.entities.js';
export * from './catalogue.entities.js';
export * from './control.js';
export * from './identity.entities.js';
export * from './directory.entities.js';
export { controlMigrations } from './migrations.js';
export * from './policy.entities.js';
export * from './row.js';
export * from './tenant.entities.js';
