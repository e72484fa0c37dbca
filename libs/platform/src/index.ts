export * from './clock.js';
export * from './egress.js';
export * from './kms.js';
export * from './log.js';
export * from './metrics.js';
export * from './settings.js';
export * from './gen-ai.js';
export * from './traces.js';
