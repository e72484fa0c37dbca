export * from './ledger-store-twin.js';
