export * from './budget-leases-twin.js';
export * from './builders.js';
export * from './clock-twin.js';
export * from './directory-twin.js';
export * from './kill-switch.js';
export * from './ledger-store-twin.js';
export * from './random.js';
