export { type Edge, health } from './health.js';
