export * from './clock.js';
export * from './egress.js';
export * from './kms.js';
export * from './log.js';
export * from './metrics.js';
export * from './random.js';
export * from './settings.js';
