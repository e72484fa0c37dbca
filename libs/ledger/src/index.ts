export type * from './record.js';
export type * from './ledger.js';
export type { Receipt } from './receipt.js';
